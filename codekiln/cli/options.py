"""Options that several commands share."""

import click

SET = click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="A setting over the profile; repeatable."
)
PROFILE = click.option(
    "--profile", default="laptop", show_default=True, help="Sizes and defaults; a name or a TOML file."
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
