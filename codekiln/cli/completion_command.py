"""The command ``completion``: a script that lets a shell complete commands, options and their values."""

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

VARIABLE = "_CODEKILN_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
_SOURCE = """\
%(complete_func)s() {
    local IFS=$'\\n' response completion type value
    response=$(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    for completion in $response; do
        IFS=',' read -r type value <<< "$completion"
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            *) COMPREPLY+=("$value"); [[ $value == *= ]] && compopt -o nospace ;;
        esac
    done
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class BashLine(BashComplete):
    """Completes the line itself, because bash breaks words at ``=`` and ``:``, which names and settings contain."""

    source_template = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor, and the one at it."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        incomplete = "" if line[-1:].isspace() else words.pop()
        return words[1:], incomplete

    def complete(self) -> str:
        """Return the completions, without what bash has as words of their own."""
        args, incomplete = self.get_completion_args()
        kept = max(incomplete.rfind("="), incomplete.rfind(":")) + 1
        if incomplete.startswith("-") and "=" in incomplete:
            # Click completes the value alone.
            kept -= incomplete.index("=") + 1
        return "\n".join(
            self.format_completion(CompletionItem(item.value[kept:], type=item.type))
            for item in self.get_completions(args, incomplete)
        )


add_completion_class(BashLine)


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a script that lets a shell complete codekiln.

    Put `eval "$(codekiln completion bash)"` into ~/.bashrc, the same with zsh into ~/.zshrc; fish reads it from
    ~/.config/fish/completions/codekiln.fish.

    Example: codekiln completion bash
    """
    script = get_completion_class(shell)
    assert script is not None, "click has all three"
    click.echo(script(ctx.find_root().command, {}, "codekiln", VARIABLE).source(), nl=False)
