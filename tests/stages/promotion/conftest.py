"""A promotion that was signed, and copies of its files to tamper with."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from codekiln.registry import Registry, Version
from codekiln.registry.signing import public_key
from codekiln.stages.promotion.findings import Verification
from codekiln.stages.promotion.keys import VARIABLE
from codekiln.stages.promotion.verification import verify
from tests.stages.judged_runs import JudgedRun, judged_run

MODEL = "codekiln-tiny"


@dataclass(frozen=True)
class Signed:
    """A promoted version: where MLflow is, its files, the run that judged it, and the public key."""

    uri: str
    folder: Path
    run: JudgedRun
    public: Path

    @cached_property
    def registry(self) -> Registry:
        return Registry(self.uri, None)

    @cached_property
    def version(self) -> Version:
        return self.registry.champion(MODEL)

    def verify(self, signed: bool = True, run: bool = False, version: Version | None = None) -> Verification:
        key = public_key(self.public) if signed else None
        chosen = version or self.version
        return verify(self.registry, chosen, self.folder, key, self.run.workdir if run else None, "champion")

    def failing(self, **options) -> dict[str, str]:
        return {line.what: line.detail for line in self.verify(**options).lines if line.status == "fails"}


def write_key(folder: Path, name: str = "key") -> tuple[Path, Path]:
    """Write a new key; returns the files of the private and the public one."""
    folder.mkdir(parents=True, exist_ok=True)
    key, private, public = Ed25519PrivateKey.generate(), folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


@contextmanager
def undrawn() -> Iterator[pytest.MonkeyPatch]:
    """Judge without drawing the report, which takes half of the time, and with no key and run of the environment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        patch.delenv(VARIABLE, raising=False)
        patch.setattr("codekiln.stages.promote.render", lambda data: f"<h1>{data.gate.sentence}</h1>")
        yield patch


@pytest.fixture(autouse=True)
def plain_reports() -> Iterator[None]:
    with undrawn():
        yield


@pytest.fixture(scope="module")
def promoted(tmp_path_factory, empty_database) -> Signed:
    """A promotion by a run with a signing key; nobody changes it."""
    folder = tmp_path_factory.mktemp("promoted")
    shutil.copy(empty_database, folder / "mlflow.db")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    private, public = write_key(folder)
    with undrawn():
        run = judged_run(folder / "run", uri, b"a", settings=(f"promotion.signing_key={private}",))
        run.promote()
    registry = Registry(uri, None)
    stored = registry.download(registry.champion(MODEL).source, folder / "version")
    return Signed(uri, stored, run, public)


@pytest.fixture
def signed(promoted, tmp_path) -> Signed:
    """The same with files that may be changed; those of MLflow may not."""
    shutil.copytree(promoted.folder, tmp_path / "version")
    shutil.copytree(promoted.run.workdir, tmp_path / "run")
    copy = replace(promoted, folder=tmp_path / "version", run=JudgedRun(tmp_path / "run"))
    vars(copy).update(registry=promoted.registry, version=promoted.version)
    return copy
