"""No leaks: nothing of the evaluation split may be trained on."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from codekiln.data.normalise import fingerprint
from codekiln.data.records import Graded, Problem
from codekiln.errors import InputError
from codekiln.filters._filter import Check, Context, Filter, program, tokens

N = 10
"""Tokens in an n-gram: shorter ones occur by chance, longer ones miss small edits."""


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
    quotes = _quote_finder(problem.prompt for problem in context.evaluation)
    references = {_identity(problem.reference) for problem in context.evaluation if problem.reference} - {None}

    def check(problem: Problem, graded: Graded) -> str | None:
        if quotes(problem.prompt):
            return "contaminated-prompt"
        return "contaminated-solution" if _identity(program(problem, graded.sample)) in references else None

    return check


def _quote_finder(prompts: Iterable[str]) -> Callable[[str], bool]:
    sizes, holders = {}, defaultdict(set)
    for prompt in prompts:
        grams = _grams(prompt)
        sizes[grams] = len(grams)
        for gram in grams:
            holders[gram].add(grams)

    def quotes(text: str) -> bool:
        hits = Counter(grams for gram in _grams(text) for grams in holders.get(gram, ()))
        return any(count == sizes[grams] for grams, count in hits.items())

    return quotes


def _grams(text: str) -> frozenset[tuple[str, ...]]:
    words = tokens(text.lower())
    return frozenset(tuple(words[i : i + N]) for i in range(max(1, len(words) - N + 1)))


def _identity(code: str) -> str | None:
    try:
        return fingerprint(code)
    except SyntaxError:
        return None


FILTER = Filter("contaminated", "Keeps rows that neither quote an evaluation prompt nor repeat its reference.", create)
