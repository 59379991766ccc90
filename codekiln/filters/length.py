"""No giants: programs far longer than their task needs teach rambling and overflow the context."""

from codekiln.data.records import Graded, Problem
from codekiln.filters._filter import Check, Context, Filter, program, tokens


def create(context: Context) -> Check:
    """Return a check against ``max_lines`` (lines that are not blank) and ``max_tokens``."""

    def check(problem: Problem, graded: Graded) -> str | None:
        code = program(problem, graded.sample)
        if sum(1 for line in code.split("\n") if line.strip()) > context.max_lines:
            return "too-many-lines"
        return "too-many-tokens" if len(tokens(code)) > context.max_tokens else None

    return check


FILTER = Filter("length", "Keeps programs within the line and token limits.", create)
