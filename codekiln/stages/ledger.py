"""The ledger of a run: earlier decisions on its evaluation problems, in MLflow and in a file beside a local run."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from codekiln import models, recipes
from codekiln.data.files import sha256_file, write_atomic
from codekiln.data.folders import Dataset
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.evaluation import Evaluation, Gate, measures
from codekiln.evaluation.ledger import (
    MARK_LENGTH,
    Decision,
    LedgerFile,
    marks,
    numbered,
    results_digest,
    set_digest,
)
from codekiln.registry import Registry, Version
from codekiln.registry.runs import TEXT_LENGTH, adapter_digest
from codekiln.settings.schema import Settings
from codekiln.stages import benchmarks
from codekiln.stages.base import StageContext
from codekiln.stages.run_folder import ledger_file, read_tracking

FILES = ("results.json", "report.html", "model_card.md")


class RunLedger:
    """Finds, opens and closes the decision about a run's adapter.

    Args:
        context: Of a stage that reads the evaluation problems.
        registry: MLflow has the decisions, and counts them.
        adapter: Folder of the adapter.
        evaluation: The results that the decision rests on.
        champion: The version that serves, if there is one.
    """

    def __init__(
        self, context: StageContext, registry: Registry, adapter: Path, evaluation: Evaluation, champion: Version | None
    ) -> None:
        self.context, self.registry = context, registry
        problems = Dataset(context.inputs["evaluation_problems"], Problem).rows()
        self.judged_on, self.seen = marks(benchmarks.of(problems)), marks(problems)
        self.question = Decision(
            set=set_digest(problems),
            champion=_opponent(champion, adapter_digest(adapter)),
            adapter=adapter_digest(adapter),
            evaluation=results_digest(
                evaluation.per_problem, *(one.per_problem for one in evaluation.benchmarks.values())
            ),
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            run=read_tracking(context.run_folder).parent_run_id,
            **_asked(context.settings),
        )
        path = ledger_file(context.run_folder)
        self.file = LedgerFile(path, partial(print, file=sys.stderr)) if path else None

    def find(self) -> Decision | None:
        """Return the decision if this adapter was judged on this set before, on the same terms."""
        known = read_decisions(self.registry, self.question.model)
        found = [item for item in known if item.key == self.question.key and item.verdict != "open"]
        return min(found, key=lambda item: item.number, default=None)

    def open(self) -> Decision:
        """Record that results about the adapter are there to be seen, and return its number, and its level.

        An attempt that was opened before, with the same results, keeps its number.
        """
        model = self.question.model
        mine = [item for item in read_decisions(self.registry, model) if item.attempt == self.question.attempt]
        if mine and mine[0].number:
            return self.question.model_copy(update={"number": mine[0].number, "level": mine[0].level})
        # Written before it is counted: `numbered` says why.
        self.registry.record_set(model, self.question.set, "".join(sorted(self.seen)))
        self._record(self.question)
        decision = numbered(self.question, *read_all(self.registry), self.judged_on)
        self._record(decision)
        return decision

    def close(self, decision: Decision, gate: Gate) -> Decision:
        """Record what was decided, with the results and the report, which are in the stage's output."""
        files = [self.context.output / name for name in FILES]
        self.registry.keep_files(decision.run, decision.key, files)
        closed = decision.model_copy(
            update={
                "verdict": "promoted" if gate.promoted else "not promoted",
                "sentence": gate.sentence,
                "files": {path.name: sha256_file(path) for path in files},
            }
        )
        self._record(as_recorded(closed))
        return closed

    def restore(self, decision: Decision) -> None:
        """Write the results and the report of an earlier decision, as they were, into the stage's output.

        ``gate.recorded`` in the results says which run made it, and when.
        """
        self.registry.fetch_files(decision.run, decision.key, decision.files, self.context.output)
        path = self.context.output / FILES[0]
        results = json.loads(path.read_bytes())
        results["gate"]["recorded"] = {"run": decision.run, "when": decision.when}
        write_atomic(path, json.dumps(results, indent=2) + "\n")
        if self.file:
            self.file.add(decision)

    def _record(self, decision: Decision) -> None:
        self.registry.record_decision(decision.model, decision.attempt, decision.model_dump_json())
        if self.file and decision.verdict != "open":
            self.file.add(decision)


def read_decisions(registry: Registry, model: str) -> list[Decision]:
    """Return every decision about a registered model, also those that are open.

    Raises:
        InputError: One of them cannot be read, so that the others cannot be counted.
    """
    return [_parsed(text, model) for text in registry.decisions(model)]


def read_all(registry: Registry) -> tuple[list[Decision], dict[str, frozenset[str]]]:
    """Return the decisions about all registered models, and the marks of evaluation sets by their digest.

    Raises:
        InputError: One of them cannot be read, so that the others cannot be counted.
    """
    texts, sets = registry.all_decisions()
    decisions = [_parsed(text, model) for model, found in texts.items() for text in found]
    whole = {item.set for item in decisions}
    return decisions, {digest: _marks(sets[digest]) for digest in whole if digest in sets}


def next_number(registry: Registry, settings: Settings, problems: Sequence[Problem]) -> int:
    """Return the number of the next candidate that is judged on an evaluation's problems.

    Raises:
        InputError: An earlier decision cannot be read.
    """
    question = Decision(set=set_digest(problems), adapter="", **_asked(settings))
    return numbered(question, *read_all(registry), marks(benchmarks.of(problems))).number


def _marks(text: str) -> frozenset[str]:
    return frozenset(text[start : start + MARK_LENGTH] for start in range(0, len(text), MARK_LENGTH))


def as_recorded(decision: Decision) -> Decision:
    """Return a decision as MLflow has it: its text fits into a tag, by cutting the sentence."""
    beyond = len(decision.model_dump_json()) - TEXT_LENGTH
    if beyond <= 0:
        return decision
    kept = max(0, len(decision.sentence) - beyond - len("..."))
    return decision.model_copy(update={"sentence": decision.sentence[:kept] + "..."})


def _parsed(text: str, model: str) -> Decision:
    try:
        return Decision.model_validate_json(text)
    except ValidationError:
        raise InputError(
            f"the registered model has a decision that cannot be read: {text[:80]}",
            where=model,
            fix="correct or delete this tag of the registered model in MLflow",
        ) from None


def _opponent(champion: Version | None, adapter: str) -> str:
    digest = champion.adapter_digest if champion else ""
    return "" if digest == adapter else digest


def _asked(settings: Settings) -> dict[str, Any]:
    """Return the fields of a decision that are what the settings ask for."""
    recipe, base = recipes.get(settings.recipe), models.get(settings.base_model)
    return {
        "model": settings.registered_name,
        "base": f"{base.id}@{base.revision}",
        "target": settings.metric,
        "terms": {
            "direction": measures.look_up(recipe, settings.metric).direction,
            "guard": recipe.guard,
            "criteria": [item.model_dump(mode="json") for item in benchmarks.criteria(settings)],
            **settings.evaluation.model_dump(include={"tolerance", "minimum_problems"}),
        },
    }
