"""The ledger of a run: the earlier decisions on its evaluation set, in MLflow and in a file beside a local run."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pydantic import ValidationError

from codekiln import recipes
from codekiln.data.files import write_atomic
from codekiln.data.folders import Dataset
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.evaluation import Gate, measures
from codekiln.evaluation.ledger import Decision, LedgerFile, numbered, set_digest
from codekiln.registry import Registry
from codekiln.registry.runs import adapter_digest
from codekiln.settings.schema import Settings
from codekiln.stages import benchmarks
from codekiln.stages.base import StageContext
from codekiln.stages.run_folder import ledger_file, read_tracking

FILES = ("results.json", "report.html", "model_card.md")
LONGEST_SENTENCE = 3000
"""Characters of a sentence that are recorded: MLflow's tags hold 5,000."""


class RunLedger:
    """Finds, opens and closes the decision about a run's adapter.

    Args:
        context: Of the promote stage.
        registry: MLflow has the decisions, and counts them.
    """

    def __init__(self, context: StageContext, registry: Registry) -> None:
        self.context, self.registry = context, registry
        self.question = _question(context, registry)
        path = ledger_file(context.run_folder)
        self.file = LedgerFile(path, partial(print, file=sys.stderr)) if path else None

    def find(self) -> Decision | None:
        """Return the decision if this adapter was judged on this set before, on the same terms."""
        found = [item for item in self._known() if item.key == self.question.key and item.verdict != "open"]
        return found[0] if found else None

    def open(self) -> Decision:
        """Record that the adapter is about to be judged, and return its number on the set, and its level."""
        # Written before it is counted: `numbered` says why.
        self._record(self.question)
        decision = numbered(self.question, self._known())
        self._record(decision)
        return decision

    def close(self, decision: Decision, gate: Gate) -> Decision:
        """Record what was decided, with the results and the report, which are in the stage's output."""
        files = [self.context.output / name for name in FILES]
        self.registry.keep_files(decision.run, decision.key, files)
        verdict = "promoted" if gate.promoted else "not promoted"
        closed = decision.model_copy(update={"verdict": verdict, "sentence": gate.sentence[:LONGEST_SENTENCE]})
        self._record(closed)
        return closed

    def restore(self, decision: Decision) -> None:
        """Write the results and the report of an earlier decision, as they were, into the stage's output.

        ``gate.recorded`` in the results says which run made it, and when.
        """
        self.registry.fetch_files(decision.run, decision.key, FILES, self.context.output)
        path = self.context.output / FILES[0]
        results = json.loads(path.read_bytes())
        results["gate"]["recorded"] = {"run": decision.run, "when": decision.when}
        write_atomic(path, json.dumps(results, indent=2) + "\n")
        if self.file:
            self.file.add(decision)

    def _known(self) -> list[Decision]:
        return read_decisions(self.registry, self.question.model)

    def _record(self, decision: Decision) -> None:
        self.registry.record_decision(decision.model, decision.key, decision.model_dump_json())
        if self.file and decision.verdict != "open":
            self.file.add(decision)


def read_decisions(registry: Registry, model: str) -> list[Decision]:
    """Return every decision about a registered model.

    Raises:
        InputError: One of them cannot be read, so that the others cannot be counted.
    """
    return [_parsed(text, model) for text in registry.decisions(model)]


def _parsed(text: str, model: str) -> Decision:
    try:
        return Decision.model_validate_json(text)
    except ValidationError:
        raise InputError(
            f"the registered model has a decision that cannot be read: {text[:80]}",
            where=model,
            fix="correct or delete this tag of the registered model in MLflow",
        ) from None


def _question(context: StageContext, registry: Registry) -> Decision:
    settings, recipe = context.settings, recipes.get(context.settings.recipe)
    problems: Sequence[Problem] = Dataset(context.inputs["evaluation_problems"], Problem).rows()
    adapter, champion = adapter_digest(context.inputs["adapter"]), registry.champion(settings.registered_name)
    against = champion.tags["adapter_digest"] if champion else ""
    direction = measures.look_up(recipe, settings.metric).direction
    return Decision(
        model=settings.registered_name,
        set=set_digest(benchmarks.of(problems), settings.metric, direction, [recipe.guard]),
        target=settings.metric,
        adapter=adapter,
        champion="" if against == adapter else against,
        terms=_terms(settings, problems),
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        run=read_tracking(context.run_folder).parent_run_id,
    )


def _terms(settings: Settings, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return what a decision depends on besides its set: who asks for less on the same set tries again."""
    terms = settings.evaluation.model_dump(include={"tolerance", "minimum_problems"})
    if further := benchmarks.criteria(settings):
        terms["criteria"] = [item.model_dump(mode="json") for item in further]
        terms["benchmarks"] = benchmarks.content_digests(problems)
    return terms
