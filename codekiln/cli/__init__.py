"""The command line: every command's help fits a screen; exit codes are 0, 1 (judged no) and 2 (the user's mistake)."""

import sys
from typing import Any

import click

from codekiln import __version__
from codekiln.cli import cluster, judging, listing, running
from codekiln.cli.exercises import exercise
from codekiln.errors import CodekilnError, InputError

HELP = {"help_option_names": ["-h", "--help"]}


class Commands(click.Group):
    """Turns our errors into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a user's mistake exits with 2 and no traceback."""
        try:
            return super().invoke(ctx)
        except CodekilnError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2 if isinstance(error, InputError) else 1)


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(__version__, prog_name="codekiln")
def main() -> None:
    """Fine-tune code models into models that write correct and maintainable code.

    Example: codekiln run align --profile laptop --workdir runs/demo
    """


for command in (
    *(running.run, running.judge, running.stage, running.check),
    *(judging.grade, judging.score, judging.validate, judging.compare, exercise),
    *(listing.recipes, listing.models),
    *(cluster.plan, cluster.submit, cluster.compile, cluster.promote),
):
    main.add_command(command)
