"""Bug fixes as edit scripts: a reply names the lines that change, for models that cannot repeat a whole function.

    The bug is in line 3: The comparison uses `<` where `<=` is needed.

    line 3: if left <= right:

The prompt shows the function as ``codekiln.data.edit_scripts`` numbers it.
"""

from codekiln.data.edit_scripts import apply, edits, numbered, parsed, unnumbered
from codekiln.data.fences import fences_in
from codekiln.data.records import Problem
from codekiln.data.text import unix_lines
from codekiln.recipes.corpus_tasks.reply_parser import fenced


def numbered_block(code: str) -> str:
    """Return code as numbered lines in a block that no reader takes for Python."""
    return f"```text\n{numbered(code)}\n```"


def shown_program(text: str) -> str:
    """Return the last program that a prompt or a reply shows, numbered or not; empty where there is none."""
    for fence in reversed(fences_in(unix_lines(text))):
        code = fence.code.strip("\n")
        if fence.is_closed and fence.is_python:
            return code
        try:
            return unnumbered(code)
        except ValueError:
            continue
    return ""


def write_edits(before: str, after: str) -> str:
    """Return the edits that turn ``before`` into ``after``, one a line."""
    return "\n".join(map(str, edits(before, after)))


def whole_reply(problem: Problem, text: str) -> str:
    """Return a reply with the whole function in place of its edits.

    A reply without edits, or with edits that cannot be applied, stays as it is; graders find no function in the latter.
    """
    if problem.grading_context.get("reply_form") != "edits":
        return text
    lines = [(line, parsed(line)) for line in unix_lines(text).split("\n")]
    script = [edit for _, edit in lines if edit]
    if not script:
        return text
    try:
        program, _ = apply(problem.grading_context["shown"], script)
    except ValueError:
        return text
    prose = "\n".join(line for line, edit in lines if edit is None).strip()
    return f"{prose}\n\n{fenced(program)}"
