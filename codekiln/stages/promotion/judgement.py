"""Recomputes the gate's decision: results from values per problem, and the verdict from the results."""

import json
import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from codekiln.evaluation import Evaluation, Gate, decide, results
from codekiln.evaluation.criteria import Criterion
from codekiln.evaluation.ledger import Decision, results_digest
from codekiln.evaluation.spending import charge, level_of
from codekiln.registry import promotion_record as form
from codekiln.stages.promotion.findings import Case, Checks, Fails, Unchecked, equal
from codekiln.stages.promotion.record import RESULTS

_TOLERANCE = 1e-6
_PARTS = ("contenders", "comparisons", "strata", "decompositions", "benchmarks")


def checks(case: Case) -> Checks:
    """Yield the checks that need no more than the files beside the record."""
    yield "values per problem", partial(_values, case)
    yield "results", partial(_results, case)
    yield "gate", partial(_gate, case)


def _values(case: Case) -> str:
    found, evaluation = case.decision, case.evaluation
    values = (evaluation.per_problem, *(each.per_problem for each in evaluation.benchmarks.values()))
    equal("digest of the values", results_digest(*values), found.evaluation)
    return f"{evaluation.problems} problems of {len(evaluation.per_problem)} contenders are those of the decision"


def _results(case: Case) -> str:
    """Compare what is published with what follows from the values per problem."""
    again = _again(case)
    written = json.loads((case.folder / form.FOLDER / RESULTS).read_bytes())
    wanted = results(again, _judged(case, again))
    for part in _PARTS:
        if (place := _difference(wanted[part], written.get(part), part)) is not None:
            raise Fails(f"{RESULTS}: {place} does not follow from the values per problem")
    return f"every figure and interval of {RESULTS} follows from them"


def _gate(case: Case) -> str:
    gate, decision = _judged(case, _again(case)), case.decision
    verdict = "promoted" if gate.promoted else "not promoted"
    equal("verdict of the gate on these results", verdict, decision.verdict)
    sentence, recorded = gate.sentence, decision.sentence
    is_cut = recorded.endswith("...") and sentence.startswith(recorded.removesuffix("..."))
    if not is_cut:
        equal("sentence of the gate on these results", sentence, recorded)
    written = json.loads((case.folder / form.FOLDER / RESULTS).read_bytes())
    wanted = results(case.evaluation, gate)["gate"]
    if (place := _difference(wanted, {**written.get("gate", {}), "recorded": None}, "gate")) is not None:
        raise Fails(f"{RESULTS}: {place} is not what the gate decides on these results")
    return f"decides the same again: {sentence}"


def _again(case: Case) -> Evaluation:
    if any(each.design is None for each in (case.evaluation, *case.evaluation.benchmarks.values())):
        raise Unchecked("an older version of codekiln evaluated, and kept no groups of problems")
    try:
        return case.evaluation.recomputed()
    except (ValueError, KeyError, TypeError, IndexError, StopIteration) as error:
        raise Fails(f"the evaluation cannot be computed from its values per problem: {error!r}") from None


def _judged(case: Case, evaluation: Evaluation) -> Gate:
    """Return what the gate decides on an evaluation, on the terms of the decision."""
    decision, names = case.decision, case.promotion.contenders
    equal("opponent of the decision", bool(names.champion), bool(decision.champion))
    level = level_of(decision.number) if decision.number > 0 else math.nan
    equal(f"level of candidate {decision.number}", level, decision.level)
    gate = decide(evaluation, names.candidate, champion=names.champion, **_terms(decision))
    return gate.model_copy(update={"sentence": f"{gate.sentence} {charge(decision.number)}", "number": decision.number})


def _terms(decision: Decision) -> dict[str, Any]:
    terms = decision.terms
    try:
        return {
            "metric": decision.target,
            "direction": terms["direction"],
            "protected": terms["guard"],
            "tolerance": float(terms["tolerance"]),
            "criteria": tuple(Criterion.model_validate(each) for each in terms["criteria"]),
            "minimum_problems": int(terms["minimum_problems"]),
            "level": decision.level,
        }
    except (KeyError, TypeError, ValueError) as error:
        raise Fails(f"the terms of the decision cannot be read: {error!r}") from None


def _difference(wanted: Any, found: Any, place: str) -> str | None:
    """Return the place of the first difference between JSON values, but for the last digits of numbers."""
    if isinstance(wanted, Mapping) and isinstance(found, Mapping):
        if wanted.keys() != found.keys():
            return place
        pairs = [(f"{place}.{key}", each, found[key]) for key, each in wanted.items()]
    elif isinstance(wanted, list | tuple) and isinstance(found, list | tuple):
        if len(wanted) != len(found):
            return place
        pairs = [(f"{place}[{number}]", *both) for number, both in enumerate(zip(wanted, found, strict=True))]
    elif isinstance(wanted, float) and isinstance(found, int | float):
        return None if math.isclose(wanted, found, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE) else place
    else:
        return None if wanted == found else place
    return next((where for name, one, other in pairs if (where := _difference(one, other, name)) is not None), None)
