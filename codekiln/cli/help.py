"""The help of the whole: commands in groups, each line whole, and the command ``help``."""

from collections.abc import Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from codekiln import stages
from codekiln.cli.names import Name
from codekiln.errors import InputError

ELSEWHERE = {
    **dict.fromkeys(("train", "finetune", "fine-tune", "tune", "start", "pipeline"), "codekiln run"),
    **dict.fromkeys(("eval", "benchmark"), "codekiln judge"),
    **dict.fromkeys(("sample", "infer", "predict", "complete", "chat"), "codekiln generate"),
    **dict.fromkeys(("list", "ls", "show"), "codekiln models"),
    **dict.fromkeys(("merge", "push", "upload", "save"), "codekiln export"),
    **dict.fromkeys(("rollback", "undo"), "codekiln promote --undo"),
    **dict.fromkeys(("doctor", "config", "status"), "codekiln check"),
    "version": "codekiln --version",
}
"""What the commands of other tools are called here."""
_OPTIONS_ELSEWHERE = {
    **dict.fromkeys(("output_dir", "run_dir", "save_dir"), "--workdir"),
    **dict.fromkeys(("model", "model_name", "model_id", "model_name_or_path", "base"), "--base-model"),
    **dict.fromkeys(("config", "config_file"), "--profile"),
    **dict.fromkeys(("dataset", "dataset_name", "data", "data_path", "train_file"), "--set problems.source=..."),
}
"""What the options of other trainers are called here, by their name without dashes."""


def option_meant(error: click.NoSuchOption) -> InputError | None:
    """Return what to give in place of an option of another trainer, or of one that is a setting here; None: neither."""
    command = error.ctx.command if error.ctx else None
    known = {name for param in command.params for name in param.opts} if command else set()
    name = error.option_name.lstrip("-").replace("-", "_")
    meant = _OPTIONS_ELSEWHERE.get(name, "")
    if command is None or "--set" not in known:
        return None
    if meant.split(" ")[0] in known:
        fix = f"did you mean '{meant}'?"
    else:
        from codekiln.settings.mistakes import settings_meant

        settings = settings_meant(name)
        if not settings:
            return None
        fix = f"it is a setting: {' or '.join(f'--set {key}=...' for key in settings)}"
    return InputError("no such option", where=f"codekiln {command.name} {error.option_name}", fix=fix)


class GroupedCommands(click.Group):
    """A group whose help lists the commands under headings."""

    def __init__(self, *args: Any, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.headings: dict[str, list[str]] = {}

    def add_group(self, heading: str, commands: Sequence[click.Command]) -> None:
        """Add commands under a heading."""
        for command in commands:
            self.add_command(command)
        self.headings[heading] = [str(command.name) for command in commands]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command with its words; one that others have under another name is said."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            name = error.command_name
            meant = f"codekiln stage {name}" if name in stages.names() else ELSEWHERE.get(name.lower())
            if meant:
                fix = f"did you mean '{meant}'?"
                raise InputError(f"no command '{name}'", where="codekiln", fix=fix) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one section for each heading; lines are aligned over all of them."""
        width = max(map(len, self.commands))
        for heading, commands in self.headings.items():
            with formatter.section(heading):
                for name in commands:
                    about = str(self.commands[name].help).partition("\n")[0]
                    formatter.write(f"{'':>{formatter.current_indent}}{name:<{width}}  {about}\n")


def _commands() -> list[str]:
    context = click.get_current_context().find_root()
    return sorted(context.command.commands) if isinstance(context.command, click.Group) else []


class _CommandName(Name):
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[Any]]:
        with ctx.find_root().scope(cleanup=False):
            return super().shell_complete(ctx, param, incomplete)


@click.command("help")
@click.argument("command", required=False, type=_CommandName("command", _commands))
@click.pass_context
def help_command(ctx: click.Context, command: str | None) -> None:
    """Show this help, or that of a command.

    Example: codekiln help run
    """
    root = ctx.find_root()
    assert isinstance(root.command, click.Group), "codekiln is a group"
    if command is None:
        click.echo(root.get_help())
        return
    name, found, _ = root.command.resolve_command(root, [command])
    assert found is not None, "an unknown command raises an error"
    with click.Context(found, info_name=name, parent=root) as context:
        click.echo(found.get_help(context))
