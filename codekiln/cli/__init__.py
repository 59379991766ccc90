"""The command line. Exit codes: 0 done, 1 a negative result of an evaluation or a check, 2 a mistake of the user.

A command that signal n ends has 128 + n.

Commands import what they use when they run: ``codekiln --help`` would otherwise load everything that codekiln computes
with. No import is delayed because of a circle.
"""

import errno
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
from codekiln.errors import CodekilnError, InputError
from codekiln.extras import extra_of, refusal

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
HELP = {"help_option_names": ["-h", "--help"]}


class Commands(click.Group):
    """A group of commands that turns codekiln's errors into messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a user's mistake exits with 2 and no traceback."""
        try:
            return super().invoke(ctx)
        except CodekilnError as error:
            click.echo(f"error: {error}", err=True)
            sys.exit(2 if isinstance(error, InputError) else 1)
        except ModuleNotFoundError as error:
            if extra_of(error.name) is None:
                raise
            click.echo(f"error: {refusal([str(error.name)], f'codekiln {ctx.invoked_subcommand}')}", err=True)
            sys.exit(2)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
            click.echo(
                f"error: {what}: free some space, and give the same command again: what is done is kept", err=True
            )
            sys.exit(1)


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
