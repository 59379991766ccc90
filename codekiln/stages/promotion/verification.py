"""Verifies a promotion: recomputes what can be recomputed, and says of each thing whether it holds."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.data.files import sha256_file
from codekiln.errors import InputError
from codekiln.registry import Registry, Version
from codekiln.registry import promotion_record as form
from codekiln.registry.runs import adapter_digest
from codekiln.registry.signing import fault, fingerprint
from codekiln.stages.base import code_version
from codekiln.stages.promotion import judgement, run_files, tracking
from codekiln.stages.promotion.findings import Case, Checks, Fails, Finding, Unchecked, Verification, equal, say
from codekiln.stages.promotion.record import KEPT, version_files

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def verify(
    registry: Registry,
    version: Version,
    folder: Path,
    public_key: "Ed25519PublicKey | None" = None,
    run: Path | None = None,
    alias: str = "",
) -> Verification:
    """Verify the promotion of a version.

    Args:
        registry: MLflow.
        version: A registered version.
        folder: Its files, as they were downloaded; what is served from them is what was verified.
        public_key: Of whoever signs records. With it a record without its signature fails.
        run: Folder of the run, to compare its data, samples and verdicts as well.
        alias: Alias by which the version was asked for.
    """
    case = Case(registry, version, folder, public_key, run, alias)
    lines = list(_lines(case))
    return Verification(
        f"{version.name}/{version.version}", form.digest(case.content) if case.content else "", tuple(lines)
    )


def _lines(case: Case) -> Iterator[Finding]:
    yield say("adapter", partial(_adapter, case))
    found = say("record", partial(_record, case))
    yield found
    signature = say("signature", partial(_signature, case))
    yield signature
    try:
        case.statement, case.decision  # noqa: B018
    except (InputError, ValueError):
        return  # nothing follows from a record that cannot be read
    # What nobody signed may ask for years of computing: where a signature is wanted, nothing is computed from it.
    kinds = (_files, judgement.checks, tracking.checks, run_files.checks) if signature.status != "fails" else (_files,)
    for kind in kinds:
        for what, check in kind(case):
            yield say(what, check)


def _adapter(case: Case) -> str:
    """Compare weights and configuration with the digest by which MLflow knows the adapter."""
    found = adapter_digest(case.folder)
    if found != case.version.adapter_digest:
        raise Fails(
            f"weights or configuration were changed: {found[:12]}, and {case.version.adapter_digest[:12]} was logged"
        )
    return found[:12]


def _record(case: Case) -> str:
    if not case.content:
        refused = (case.folder / form.REFUSAL / form.RECORD).is_file()
        raise Fails("the gate refused this version" if refused else f"the version has no {form.FOLDER}/{form.RECORD}")
    found, version = case.promotion, case.version
    if found.verdict != "promoted" or case.decision.verdict != "promoted":
        raise Fails(f"it is of a refusal: {found.sentence}")
    equal("version", (version.name, version.version), (found.model.name, found.model.version))
    equal("logged model", version.model_id, found.model.model_id)
    equal("adapter", version.adapter_digest, found.adapter)
    for name in ("sentence", "verdict"):
        equal(name, getattr(found, name), getattr(case.decision, name))
    compared = found.contenders.adapters
    equal("adapter of the candidate", compared.get(found.contenders.candidate), found.adapter)
    equal("adapter of the champion", compared.get(found.contenders.champion or "", ""), case.decision.champion)
    equal("adapter of the decision", case.decision.adapter, found.adapter)
    equal("model of the decision", case.decision.model, found.model.name)
    equal("base of the decision", case.decision.base, f"{found.base_model.id}@{found.base_model.revision}")
    return f"sha256 {form.digest(case.content)}"


def _signature(case: Case) -> str:
    path = case.folder / form.FOLDER / form.SIGNATURE
    if case.public_key is None:
        raise Unchecked("no public key was given (--public-key)" if path.is_file() else "the record is not signed")
    if not path.is_file():
        raise Fails("the record is not signed")
    if problem := fault(path.read_bytes(), case.content, case.public_key):
        raise Fails(problem)
    return f"Ed25519, key {fingerprint(case.public_key)[:16]}"


def _files(case: Case) -> Checks:
    yield "files of the version", partial(_version_files, case)
    for name in KEPT:
        yield f"{form.FOLDER}/{name}", partial(_kept, case, name)
    yield "code", partial(_code, case)


def _version_files(case: Case) -> str:
    found, wanted = version_files(case.folder), case.statement.subjects
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found:
            raise Fails(f"{name} is missing")
        if found[name] != wanted.get(name):
            raise Fails(f"{name} {'was changed' if name in wanted else 'was added'} after the decision")
    return f"{len(found)} files as they were"


def _kept(case: Case, name: str) -> str:
    path = case.folder / form.FOLDER / name
    if not path.is_file():
        raise Fails("is missing")
    found = sha256_file(path)
    equal("sha256", found, case.promotion.files.get(name))
    if name in case.decision.files:
        equal("sha256 in the ledger", found, case.decision.files[name])
    return f"sha256 {found[:12]}"


def _code(case: Case) -> str:
    if (own := code_version()) != case.promotion.code_version:
        raise Unchecked(f"version {case.promotion.code_version} of codekiln evaluated, and {own} verifies")
    return own


def as_json(found: Verification) -> str:
    """Return a verification as JSON."""
    lines = [line._asdict() for line in found.lines]
    return json.dumps({"model": found.model, "record": found.record, "holds": found.holds, "lines": lines}, indent=2)
