"""The command line.

Exit codes: 0 done; 1 a failure, or what was checked is not right; 2 a mistake of the user; 4 not promoted, or a
promotion that does not hold; 128 + n ended by signal n, so 130 by Ctrl-C.

Commands import what they use when they run: ``codekiln --help`` would otherwise load everything that codekiln computes
with. No import is delayed because of a circle.
"""

import signal
import sys
from typing import Any

import click

from codekiln import __version__
from codekiln.cli import cluster_commands, evaluation_commands, exit_codes, listing_commands, run_commands
from codekiln.cli.compare_command import compare
from codekiln.cli.completion_command import completion
from codekiln.cli.exercise_command import exercise
from codekiln.cli.export_command import export
from codekiln.cli.generate_command import generate
from codekiln.cli.harden_command import harden
from codekiln.cli.help import GroupedCommands, help_command, option_meant
from codekiln.cli.interruption import end_at_once, interrupted
from codekiln.cli.promote_command import promote
from codekiln.cli.serve_command import serve
from codekiln.cli.validate_command import validate
from codekiln.cli.verify_command import verify
from codekiln.cli.words import expanded, require_typed
from codekiln.data.system_errors import require_text, told
from codekiln.errors import InputError, extra_of, missing_extra

_WORDS = "codekiln.cli.words"
HELP = {"help_option_names": ["-h", "--help"]}


class Commands(GroupedCommands):
    """A group of commands that turns codekiln's errors into messages and exit codes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words of the command for `invoke`."""
        ctx.obj = tuple(args)
        args = [expanded(word) for word in args]
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if (command := next((word for word in ctx.obj if word in self.commands), None)) is None:
                raise
            name = error.option_name
            fix = f"give it behind the command: codekiln {command} {name}"
            misplaced = InputError("is no option of codekiln itself", where=name, fix=fix)
            click.echo(f"error: {misplaced}", err=True)
            ctx.exit(exit_codes.USER_ERROR)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command with its words, and keep both for a message."""
        ctx.meta[_WORDS] = args[0], args[1:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a user's mistake exits with 2 and no traceback, unless CODEKILN_DEBUG asks for it."""
        try:
            require_text(ctx.obj)
            require_typed(ctx.obj)
            return self._invoke(ctx)
        except ModuleNotFoundError as error:
            if extra_of(error.name) is None:
                raise
            click.echo(f"error: {missing_extra([str(error.name)], f'codekiln {ctx.invoked_subcommand}')}", err=True)
            sys.exit(exit_codes.USER_ERROR)
        except KeyboardInterrupt:
            end_at_once()
            click.echo(f"\n{interrupted(*ctx.meta.get(_WORDS, ('', [])))}", err=True)
            sys.exit(128 + signal.SIGINT)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if (found := told(error)) is None:
                raise
            message, code = found
            click.echo(f"error: {message}", err=True)
            sys.exit(code)

    def _invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            raise option_meant(error) or error from None
        except click.UsageError as error:
            if "unexpected extra argument" not in error.message or "--set" not in ctx.obj:
                raise
            fix = "give each setting its own --set, and put a value with blanks into quotes"
            raise InputError(error.message[0].lower() + error.message[1:], where="--set", fix=fix) from None


@click.group(cls=Commands, context_settings=HELP, invoke_without_command=True, no_args_is_help=False)
@click.version_option(__version__, prog_name="codekiln")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Fine-tune code models into models that write correct and maintainable code.

    Example: codekiln run align --profile laptop --workdir runs/demo
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for heading, commands in {
    "Runs": [run_commands.run, run_commands.judge, run_commands.check, run_commands.stage, cluster_commands.plan],
    "Data and programs": [*(evaluation_commands.grade, evaluation_commands.score, compare, validate, harden, exercise)],
    "Models": [generate, export, serve, promote, verify, listing_commands.ledger],
    "Cluster": [cluster_commands.submit, cluster_commands.compile],
    "What there is": [
        *(listing_commands.recipes, listing_commands.profiles, listing_commands.models),
        *(listing_commands.metrics, listing_commands.filters, listing_commands.teachers),
    ],
    "This command line": [completion, help_command],
}.items():
    main.add_group(heading, commands)
