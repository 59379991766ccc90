"""The record of a decision of the gate: digests of all that it rests on, with the version that it is about."""

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from codekiln import models
from codekiln.data.files import sha256_file
from codekiln.errors import InputError, RegistryError
from codekiln.evaluation import CHAMPION, Gate
from codekiln.evaluation.ledger import Decision, results_digest
from codekiln.evaluation.spending import level_of
from codekiln.registry import Registry, Version
from codekiln.registry import promotion_record as form
from codekiln.registry.runs import LEFT_BY_MLFLOW
from codekiln.registry.signing import envelope, fault
from codekiln.stages.base import StageContext, StageManifest, StageRecord
from codekiln.stages.evaluate import CONTENDERS, EVALUATION, read_evaluation
from codekiln.stages.ledger import as_recorded
from codekiln.stages.promotion.keys import signing_key
from codekiln.stages.run_folder import SETTINGS, read_tracking

RESULTS, REPORT = "results.json", "report.html"
KEPT = (RESULTS, REPORT, EVALUATION)
"""Files beside the record."""
_OWN = (form.FOLDER, form.REFUSAL)
Digest = Field(pattern="^[0-9a-f]{64}$")


class Part(BaseModel):
    """A strict and frozen part of a record."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Registered(Part):
    """The registered version that a record is about."""

    name: str
    version: int
    model_id: str


class Base(Part):
    """A base model."""

    id: str
    revision: str


class Contenders(Part):
    """Who was compared: the candidate, the champion where there was another one, and all adapters by their digest."""

    candidate: str
    champion: str | None
    adapters: dict[str, str]


class Evidence(Part):
    """What the evaluation was made from: the digest of its folder, of the problems, and of each file in it."""

    digest: str = Digest
    problems: str
    files: dict[str, str]


class Step(Part):
    """A stage that the version comes from: digests of its output, its inputs and its settings."""

    stage: str
    digest: str
    inputs: dict[str, str]
    settings: str = Digest
    code_version: str


class Promotion(Part):
    """The predicate of a record; its numbers that are no integers are texts, and its digests sha256."""

    schema_version: Literal[1]
    verdict: Literal["promoted", "not promoted"]
    sentence: str
    model: Registered
    adapter: str = Digest
    base_model: Base
    decision: dict[str, Any]
    contenders: Contenders
    evaluation: Evidence
    lineage: dict[str, Step]
    settings: str = Digest
    recipe: str
    seed: int
    code_version: str
    files: dict[str, str]


class Statement(BaseModel):
    """A whole record, an in-toto statement whose subjects are the files of the version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: list[dict[str, Any]]
    predicate_type: Literal["https://codekiln.dev/promotion/v1"] = Field(alias="predicateType")
    predicate: Promotion

    @property
    def subjects(self) -> dict[str, str]:
        """The sha256 of each file of the version, by name."""
        return {str(each["name"]): str(each["digest"]["sha256"]) for each in self.subject}


def read(content: bytes) -> Statement:
    """Return the record in a file.

    Raises:
        InputError: It is none, of another schema version, or not in the canonical form.
    """
    try:
        found = json.loads(content)
        is_canonical = form.canonical(found) == content
        record = Statement.model_validate(found)
        record.subjects  # noqa: B018  # its form is a part of the record's
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(f"is no record of schema version {form.SCHEMA_VERSION}: {place}: {first['msg']}") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError("is no record of a promotion") from None
    if not is_canonical:
        raise InputError("is not in the canonical form (RFC 8785)")
    return record


def write_record(
    context: StageContext,
    registry: Registry,
    decision: Decision,
    version: Version,
    candidate: str,
    judge: Callable[[str | None], Gate],
) -> None:
    """Put the record of a decision beside the files of its version, and sign it where there is a key.

    A record of the decision that is there already stays, whatever became of the version's files since; one that lacks
    the signature gets it while they are the same. A refusal has a folder of its own: the one of promotions is only
    there where the gate promoted.

    Args:
        context: Of the promote stage.
        registry: MLflow.
        decision: As the ledger has it, where whoever may write to MLflow can have put it.
        version: The version that it is about.
        candidate: Name of the adapter among the contenders.
        judge: Asks the gate on this run's evaluation, with the contender that is the champion.

    Raises:
        RegistryError: The gate decides otherwise; or a record without the signature does not describe the version's
            files any more.
    """
    if (decider := _decider(context, decision)) is not None:
        print(f"{context.step}: {decider}, and can write its record", flush=True)
        return
    key, folder = signing_key(context.settings), form.FOLDER if decision.verdict == "promoted" else form.REFUSAL
    there = registry.read_files(version, folder, (form.RECORD, form.SIGNATURE))
    is_known = _is_of(there, decision)
    if is_known and (key is None or not fault(there.get(form.SIGNATURE, b""), there[form.RECORD], key.public_key())):
        return
    _require_decided(context, decision, candidate, judge)
    content, files = _made(context, registry, decision, version, candidate)
    if is_known and content != there[form.RECORD]:
        # Signing it now would vouch for what somebody made of the version since.
        raise RegistryError(
            f"files of {version.uri} are not those of its record any more, so it cannot be signed\n"
            f"  fix: `codekiln verify {version.name}/{version.version}` names them; restore them in {version.source}"
        )
    signature = {} if key is None else {form.SIGNATURE: envelope(content, key)}
    registry.add_files(version, folder, {**files, **signature, form.RECORD: content})


def _require_decided(
    context: StageContext, decision: Decision, candidate: str, judge: Callable[[str | None], Gate]
) -> None:
    """Refuse to vouch for a decision that the gate does not make on this run's evaluation, on the same terms."""
    gate = judge(_contenders(context, decision, candidate)["champion"])
    is_level = decision.number > 0 and decision.level == level_of(decision.number)
    if is_level and decision.verdict == ("promoted" if gate.promoted else "not promoted"):
        return
    raise RegistryError(
        f"the ledger of '{decision.model}' in MLflow has a decision that the gate does not make on this evaluation: "
        f"{decision.sentence}\n  fix: unless another version of codekiln decided, something else has written the tag "
        f"codekiln.decision.{decision.attempt} of the registered model: delete it, and repeat this step"
    )


def _made(
    context: StageContext, registry: Registry, decision: Decision, version: Version, candidate: str
) -> tuple[bytes, dict[str, bytes]]:
    """Return the record of a decision, and the files that lie beside it by name."""
    with tempfile.TemporaryDirectory() as temporary:
        stored = registry.download_adapter(version.uri, Path(temporary) / "version")
        kept = _kept(context, registry, decision, Path(temporary) / "kept")
        predicate = _predicate(context, as_recorded(decision), version, candidate, kept)
        content = form.canonical(form.statement(version_files(stored), predicate))
        return content, {name: path.read_bytes() for name, path in kept.items()}


def _decider(context: StageContext, decision: Decision) -> str | None:
    """Return who decided, where it was not this run on these samples: then it cannot say what the decision rests on."""
    evaluation = read_evaluation(context.inputs["evaluation"])
    values = (evaluation.per_problem, *(each.per_problem for each in evaluation.benchmarks.values()))
    if decision.run != read_tracking(context.run_folder).parent_run_id:
        return f"run {decision.run} decided"
    if results_digest(*values) != decision.evaluation:
        return f"run {decision.run} decided on other samples"
    rival = _adapters(context).get(CHAMPION)
    return None if rival in (None, decision.champion) else f"run {decision.run} decided against another champion"


def _is_of(found: Mapping[str, bytes], decision: Decision) -> bool:
    """Tell whether files are the record of a decision."""
    try:
        recorded = read(found.get(form.RECORD, b"")).predicate.decision
    except InputError:
        return False
    return bool(recorded == form.plain(as_recorded(decision).model_dump(mode="json")))


def version_files(folder: Path) -> dict[str, str]:
    """Return the sha256 of each file of a version by path, without records and what lies beside them."""
    files = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): sha256_file(path)
        for name, path in files.items()
        if name.parts[0] not in _OWN and name != Path(LEFT_BY_MLFLOW)
    }


def settings_digest(settings: Mapping[str, Any]) -> str:
    """Return the digest of the settings of a stage."""
    return form.digest(form.canonical(form.plain(settings)))


def _kept(context: StageContext, registry: Registry, decision: Decision, folder: Path) -> dict[str, Path]:
    """Return the files that lie beside a record: the decision's own, as it left them, and the evaluation."""
    folder.mkdir()
    digests = {name: decision.files[name] for name in (RESULTS, REPORT)}
    registry.fetch_files(decision.run, decision.key, digests, folder)
    return {**{name: folder / name for name in digests}, EVALUATION: context.inputs["evaluation"] / EVALUATION}


def _predicate(
    context: StageContext, decision: Decision, version: Version, candidate: str, kept: Mapping[str, Path]
) -> dict[str, Any]:
    spec = models.get(context.settings.base_model)
    evaluation = StageManifest.read(context.inputs["evaluation"])
    return {
        "verdict": decision.verdict,
        "sentence": decision.sentence,
        "model": {"name": version.name, "version": version.version, "model_id": version.model_id},
        "adapter": version.adapter_digest,
        "base_model": {"id": spec.id, "revision": spec.revision},
        "decision": form.plain(decision.model_dump(mode="json")),
        "contenders": _contenders(context, decision, candidate),
        "evaluation": {
            "digest": evaluation.digest,
            "problems": evaluation.inputs.get("evaluation_problems", ""),
            "files": dict(evaluation.files),
        },
        "lineage": _lineage(context, evaluation),
        "settings": sha256_file(context.run_folder / SETTINGS),
        "recipe": context.settings.recipe,
        "seed": context.settings.seed,
        "code_version": evaluation.code_version,
        "files": {name: sha256_file(path) for name, path in kept.items()},
    }


def _contenders(context: StageContext, decision: Decision, candidate: str) -> dict[str, Any]:
    adapters = _adapters(context)
    champion = next((name for name, found in adapters.items() if found == decision.champion), None)
    return {"candidate": candidate, "champion": champion, "adapters": adapters}


def _adapters(context: StageContext) -> dict[str, str]:
    found: dict[str, str] = json.loads((context.inputs["evaluation"] / CONTENDERS).read_bytes())
    return found


def _lineage(context: StageContext, evaluation: StageManifest) -> dict[str, Any]:
    trained = StageManifest.read(context.inputs["adapter"])
    records: dict[str, StageRecord] = {
        **evaluation.lineage,
        **trained.lineage,
        trained.step: trained,
        evaluation.step: evaluation,
    }
    return {
        step: {
            "stage": record.stage,
            "digest": record.digest,
            "inputs": dict(record.inputs),
            "settings": settings_digest(record.settings),
            "code_version": record.code_version,
        }
        for step, record in records.items()
    }
