"""The command line. Exit codes: 0 done, 1 a negative result of an evaluation or a check, 2 a mistake of the user.

A command that signal n ends has 128 + n.

Commands import what they use when they run: ``codekiln --help`` would otherwise load everything that codekiln computes
with. No import is delayed because of a circle.
"""

import signal
import sys
from typing import Any

import click

from codekiln import __version__
from codekiln.cli import cluster_commands, evaluation_commands, listing_commands, run_commands
from codekiln.cli.compare_command import compare
from codekiln.cli.exercise_command import exercise
from codekiln.cli.export_command import export
from codekiln.cli.generate_command import generate
from codekiln.cli.harden_command import harden
from codekiln.cli.promote_command import promote
from codekiln.cli.serve_command import serve
from codekiln.cli.validate_command import validate
from codekiln.cli.verify_command import verify
from codekiln.data.system_errors import require_text, told

HELP = {"help_option_names": ["-h", "--help"]}


class Commands(click.Group):
    """A group of commands that turns codekiln's errors into messages and exit codes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words of the command for `invoke`."""
        ctx.obj = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a user's mistake exits with 2 and no traceback, unless CODEKILN_DEBUG asks for it."""
        try:
            require_text(ctx.obj)
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if (found := told(error)) is None:
                raise
            message, code = found
            click.echo(f"error: {message}", err=True)
            sys.exit(code)


@click.group(cls=Commands, context_settings=HELP)
@click.version_option(__version__, prog_name="codekiln")
def main() -> None:
    """Fine-tune code models into models that write correct and maintainable code.

    Example: codekiln run align --profile laptop --workdir runs/demo
    """


for command in (
    *(run_commands.run, run_commands.judge, run_commands.stage, run_commands.check),
    *(evaluation_commands.grade, evaluation_commands.score, validate, compare),
    *(generate, serve, export, exercise, harden),
    *(listing_commands.recipes, listing_commands.models, listing_commands.ledger),
    *(cluster_commands.plan, cluster_commands.submit, cluster_commands.compile, promote, verify),
):
    main.add_command(command)
