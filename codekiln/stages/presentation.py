"""What a report says about a run to the people who read it: names, the data, what to do next."""

import json
from collections.abc import Mapping
from shlex import quote

from codekiln import models
from codekiln.evaluation import CHAMPION, Gate
from codekiln.evaluation.report.data import Command
from codekiln.registry import Version
from codekiln.registry.connection import without_password
from codekiln.settings.schema import Settings
from codekiln.stages.base import StageRecord
from codekiln.stages.evaluate import BASE
from codekiln.stages.run_folder import Tracking

KINDS = {
    "problems": "problems", "samples": "samples", "passed": "samples that pass", "kept": "samples that filters keep",
    "examples": "examples for SFT", "pairs": "pairs for DPO", "train_rows": "rows trained on",
    "holdout_rows": "rows held out",
}  # fmt: skip
PAIRS = "pairs_"
_USE = """\
import mlflow
from peft import PeftModel
from transformers import AutoTokenizer, {kind}

mlflow.set_tracking_uri({uri})
folder = mlflow.artifacts.download_artifacts("{model}")
tokenizer = AutoTokenizer.from_pretrained(folder)
model = PeftModel.from_pretrained({kind}.from_pretrained({base}), folder)"""


def labels(base: str) -> dict[str, str]:
    """Return what people call the contenders of a run on a base model."""
    rounds = {f"dpo_further_{number}": f"after DPO further, round {number}" for number in (2, 3)}
    trained = {"sft": "after SFT", "dpo": "after DPO", "dpo_further": "after DPO further", **rounds}
    return {BASE: f"{base}, unchanged", **trained, "candidate": "the candidate", CHAMPION: "the champion"}


def spoken(gate: Gate, names: Mapping[str, str]) -> Gate:
    """Return a gate whose candidate is named as in a question: the model after DPO."""
    name = names.get(gate.candidate, gate.candidate)
    return gate.model_copy(update={"candidate": f"the model {name}" if name.startswith("after ") else name})


def source(settings: Settings) -> str:
    """Return where the problems and the training data come from, in a sentence."""
    problems = settings.problems
    held_out = f"from {problems.evaluation_source}" if problems.evaluation_source else "held out from the same source"
    further = ", ".join(f"{one.name} from {one.source}" for one in settings.evaluation.benchmark)
    return (
        f"Problems: {problems.source}; those of the evaluation are {held_out}. "
        + (f"Benchmarks: {further}. " if further else "")
        + f"Recipe: {settings.recipe}. "
        f"Teacher: {settings.teacher}. Filters: {', '.join(settings.filters) or 'none'}."
    )


def rows(lineage: Mapping[str, StageRecord]) -> dict[str, dict[str, int]]:
    """Return the numbers of rows by stage and kind; stages that make no training data are left out."""
    shown = {step: record for step, record in lineage.items() if record.stage not in ("check", "evaluate")}
    found = {step: _counts(record.summary.figures) for step, record in shown.items()}
    return {step: counts for step, counts in found.items() if counts}


def _counts(figures: Mapping[str, float]) -> dict[str, int]:
    named = {key: KINDS.get(key) or f"of them: {key.removeprefix(PAIRS)}" for key in figures}
    return {named[key]: int(value) for key, value in figures.items() if key in KINDS or key.startswith(PAIRS)}


def champion_before(champion: Version | None, version: Version) -> str:
    """Return which version served before the decision about ``version``, in words."""
    if champion is None:
        return "none"
    if champion.version == version.version:
        return f"{champion.uri}, which is this adapter"
    since = f", since {champion.tags['promoted_at']}" if "promoted_at" in champion.tags else ""
    return f"{champion.uri}{since}"


def commands(settings: Settings, version: Version, tracking: Tracking, promoted: bool) -> tuple[Command, ...]:
    """Return how to use the adapter, how to judge it again, and how to undo its promotion."""
    uri = without_password(tracking.uri)
    undo = f"codekiln promote {version.name} --undo --tracking-uri {quote(uri)}"
    tracked = quote(f"tracking_uri={uri}")
    judge = f"codekiln judge {version.uri} --recipe {settings.recipe} --set {tracked} --workdir runs/judge"
    ask = f"codekiln generate PROMPT --model {version.uri} --tracking-uri {quote(uri)}"
    use = (
        Command(title="Let it write a program", text=ask),
        Command(title="Use it in Python", text=_use(settings, version.uri, uri), language="python"),
    )
    again = Command(title="Judge it elsewhere: on other problems, or with another profile", text=judge)
    back = Command(title="Roll back: the version that served before serves again", text=undo)
    return (*use, again, back) if promoted else (*use, again)


def _use(settings: Settings, model: str, uri: str) -> str:
    spec = models.get(settings.base_model)
    # The model that ships with codekiln lies in the version's folder.
    is_shipped = spec.id != spec.source
    base = 'f"{folder}/base"' if is_shipped else json.dumps(spec.id)
    base += f', revision="{spec.hub_revision}"' if spec.hub_revision else ""
    base += f", key_mapping={spec.key_mapping!r}" if spec.key_mapping else ""
    return _USE.format(
        uri=json.dumps(uri, ensure_ascii=False),
        model=model,
        base=base,
        kind=spec.architecture or "AutoModelForCausalLM",
    )
