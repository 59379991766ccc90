"""Rejects rows that repeat evaluation data: a quoted prompt, or the reference up to renaming."""

from codekiln.data.decontamination import program_key, quote_finder
from codekiln.data.records import Graded, Problem
from codekiln.errors import InputError
from codekiln.filters._filter import Check, Context, Filter, program


def create(context: Context) -> Check:
    """Return a check against the evaluation problems of ``context``.

    ``contaminated-prompt``: the row's prompt has every 10-gram of an evaluation prompt (so it quotes it whole; prompts
    under ten tokens must be equal). ``contaminated-solution``: the program is an evaluation reference up to names,
    comments and layout.

    Raises:
        InputError: There are no evaluation problems to compare with.
    """
    if not context.evaluation:
        raise InputError(
            "the filter 'contaminated' has nothing to compare with",
            where="filters",
            fix="give the evaluation problems, or leave the filter out",
        )
    quotes = quote_finder(problem.prompt for problem in context.evaluation)
    references = {program_key(problem.reference) for problem in context.evaluation if problem.reference} - {None}

    def check(problem: Problem, graded: Graded) -> str | None:
        if quotes(problem.prompt):
            return "contaminated-prompt"
        return "contaminated-solution" if program_key(program(problem, graded.sample)) in references else None

    return check


FILTER = Filter("contaminated", "Keeps rows that neither quote an evaluation prompt nor repeat its reference.", create)
