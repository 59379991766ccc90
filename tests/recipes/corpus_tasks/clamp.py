"""One small function and its tasks of every category."""

from codekiln.data.records import Problem
from codekiln.recipes.corpus_tasks.call_synthesis import Call
from codekiln.recipes.corpus_tasks.corpus_analysis import AnalysedFunction
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.io_examples import IOExample
from codekiln.recipes.corpus_tasks.mutants import Mutant
from codekiln.recipes.corpus_tasks.settings import CorpusTasksSettings
from codekiln.recipes.corpus_tasks.slicing import ModuleSlicer
from codekiln.recipes.corpus_tasks.source import SourceFile
from codekiln.recipes.corpus_tasks.tasks import tasks_of

TEXT = '''
LIMIT = 10


def clamp(value, low=0, high=LIMIT):
    """Return a value moved into the range from low to high.

    Args:
        value (int): The number that is moved.
        low: The least number that is returned.
        high: The greatest number that is returned.

    Raises:
        ValueError: If low is above high.
    """
    if low > high:
        raise ValueError("empty range")
    if value < low:
        return low
    return high if value > high else value
'''
SETTINGS = CorpusTasksSettings(corpus="s", licence="MIT", max_characters=5000)


def clamp_tasks() -> dict[str, Problem]:
    source = SourceFile("f.py", TEXT)
    ((function, _),) = extract_functions(source, 5, 60)
    examples = tuple(IOExample(Call(f"clamp({n})"), False, min(max(n, 0), 10)) for n in (3, -2, 70))
    examples += (IOExample(Call("clamp(3, 9, 2)"), False, ("<raises>", "ValueError"), "ValueError"),)
    mutant = Mutant(
        function.text.replace("value < low", "value <= low"), "wrong-boundary", 14, "It is `<=` for `<`.", "logical",
        "`clamp(0)` should return `0`, but it returns `1`",
    )  # fmt: skip
    analysed = AnalysedFunction(
        function, ModuleSlicer(source).slice_of(function), examples, (mutant,), "LIMIT = 10", "LIMIT = 10"
    )
    found = list(tasks_of(analysed, "g", SETTINGS, needs_reference=True))
    assert [reason for _, reason in found] == [None] * 5
    return {problem.stratum: problem for problem, _ in found}
