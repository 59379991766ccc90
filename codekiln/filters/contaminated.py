"""Rejects rows that repeat evaluation data: a quoted prompt, or the reference up to renaming."""

from codekiln.data.decontamination import program_key, quote_finder
from codekiln.data.records import Graded, Problem
from codekiln.errors import InputError
from codekiln.filters.base import Context, Filter, FilterSettings, program


class Contaminated(Filter[FilterSettings]):
    """Compares each row with the evaluation problems.

    ``contaminated-prompt``: the row's prompt has every 10-gram of an evaluation prompt (so it quotes it whole; prompts
    under ten tokens must be equal). ``contaminated-solution``: the program is an evaluation reference up to names,
    comments and layout.

    Raises:
        InputError: There are no evaluation problems to compare with.
    """

    describe = "Keeps rows that neither quote an evaluation prompt nor repeat its reference."

    def __init__(self, settings: FilterSettings, context: Context) -> None:
        super().__init__(settings, context)
        if not context.evaluation:
            raise InputError(
                "the filter 'contaminated' has nothing to compare with",
                where="filters",
                fix="give the evaluation problems, or leave the filter out",
            )
        self._quotes = quote_finder(problem.prompt for problem in context.evaluation)
        known = (program_key(problem.reference) for problem in context.evaluation if problem.reference)
        self._references = {key for key in known if key is not None}

    def reason(self, problem: Problem, graded: Graded) -> str | None:
        """Return what of the row is evaluation data."""
        if self._quotes(problem.prompt):
            return "contaminated-prompt"
        is_reference = program_key(program(problem, graded.sample)) in self._references
        return "contaminated-solution" if is_reference else None
