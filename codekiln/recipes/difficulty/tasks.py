"""Problems of the difficulty recipe: no training problem near an evaluation problem, strata by stated difficulty."""

from operator import attrgetter

from codekiln.data.decontamination import remove_near_duplicates
from codekiln.recipes.types import ProblemSets

COMPARED = {"near-evaluation-prompt": attrgetter("prompt"), "near-evaluation-reference": attrgetter("reference")}
"""What is compared, by the reason of rejection.

Every recipe compares prompt and reference together. Compared one by one, a repeated prompt is also found when the
references differ, and the other way round.
"""


def remove_overlapping(made: ProblemSets, threshold: float) -> ProblemSets:
    """Return the problems without training problems whose prompt or reference nearly repeats an evaluation problem's.

    Args:
        made: Problem sets.
        threshold: Jaccard similarity from which two texts are near-duplicates.
    """
    train, rejected = remove_near_duplicates(made.train, made.evaluation, COMPARED, threshold)
    evaluation = [row.model_copy(update={"stratum": row.difficulty}) for row in made.evaluation]
    return ProblemSets(train, evaluation, [*made.rejected, *rejected])
