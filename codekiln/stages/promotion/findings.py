"""What a verification says, line by line: what holds, what does not, and what could not be checked."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from codekiln.errors import InputError, RegistryError
from codekiln.evaluation import Evaluation
from codekiln.evaluation.ledger import Decision
from codekiln.registry import Registry, Version
from codekiln.registry import promotion_record as form
from codekiln.stages.evaluate import EVALUATION
from codekiln.stages.ledger import as_recorded, read_decisions
from codekiln.stages.promotion.record import Promotion, Statement, read

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Status = Literal["holds", "fails", "unchecked"]


class Finding(NamedTuple):
    """One line: what was looked at, whether it holds, and what was found."""

    what: str
    status: Status
    detail: str


@dataclass(frozen=True)
class Verification:
    """The result of a verification.

    Attributes:
        model: NAME/VERSION of the registered version.
        record: sha256 of its record; empty without one.
        lines: What was found.
    """

    model: str
    record: str
    lines: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing fails. What could not be checked does not count."""
        return all(line.status != "fails" for line in self.lines)


@dataclass(frozen=True)
class Case:
    """A version whose promotion is verified.

    Attributes:
        registry: MLflow.
        version: The version.
        folder: Its files, as they were downloaded.
        public_key: Of whoever signs records; None: signatures are not checked.
        run: Folder of the run that trained and judged it; None: not looked at.
        alias: Alias by which the version was asked for; empty: by its number.
    """

    registry: Registry
    version: Version
    folder: Path
    public_key: "Ed25519PublicKey | None" = None
    run: Path | None = None
    alias: str = ""

    @cached_property
    def content(self) -> bytes:
        """The bytes of the record; none without one."""
        path = self.folder / form.FOLDER / form.RECORD
        return path.read_bytes() if path.is_file() else b""

    @cached_property
    def statement(self) -> Statement:
        """The record.

        Raises:
            InputError: It is none.
        """
        return read(self.content)

    @property
    def promotion(self) -> Promotion:
        """What the record says of the promotion."""
        return self.statement.predicate

    @cached_property
    def decision(self) -> Decision:
        """The decision in the record; numbers in its terms are texts."""
        return Decision.model_validate(self.promotion.decision)

    @cached_property
    def ledger(self) -> list[Decision]:
        """MLflow's decisions about the registered model."""
        return read_decisions(self.registry, self.version.name)

    @cached_property
    def entry(self) -> Decision:
        """The decision of the record as MLflow has it.

        Raises:
            Fails: MLflow has another one, or none.
        """
        for item in self.ledger:
            if form.plain(as_recorded(item).model_dump(mode="json")) == self.promotion.decision:
                return item
        same = any(item.adapter == self.decision.adapter for item in self.ledger)
        raise Fails(f"MLflow has {'other decisions' if same else 'no decision'} about this adapter")

    @cached_property
    def evaluation(self) -> Evaluation:
        """The evaluation that lies beside the record.

        Raises:
            InputError: There is none, or it is another one than the record vouches for.
        """
        path = self.folder / form.FOLDER / EVALUATION
        try:
            content = path.read_bytes()
            if form.digest(content) != self.promotion.files.get(EVALUATION):
                raise InputError(f"{form.FOLDER}/{EVALUATION} is not that of the record")
            return Evaluation.model_validate_json(content)
        except (OSError, ValueError):
            raise InputError(f"there is no evaluation in {form.FOLDER}/{EVALUATION} that can be read") from None


def say(what: str, check: Callable[[], str]) -> Finding:
    """Return what a check finds: its text where it holds; `Fails` and `Unchecked` are raised where it does not."""
    found = _found(what, check)
    # Names of files and tags may have line ends and a terminal's commands in them, to make up lines of this report.
    shown = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in found.detail)
    return found._replace(detail=shown)


def _found(what: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "holds", check())
    except Fails as error:
        return Finding(what, "fails", str(error))
    except Unchecked as error:
        return Finding(what, "unchecked", str(error))
    except InputError as error:
        return Finding(what, "fails", error.what)
    except RegistryError:
        raise
    except Exception as error:
        # Whoever wrote the files may have written anything.
        return Finding(what, "fails", f"cannot be read: {type(error).__name__}")


class Fails(Exception):
    """Something does not hold; the text says what."""


class Unchecked(Exception):
    """Something could not be checked; the text says why."""


Checks = Iterator[tuple[str, Callable[[], str]]]


def equal(what: str, found: object, wanted: object) -> None:
    """Raise `Fails` unless both are equal."""
    if found != wanted:
        raise Fails(f"{what}: {_shown(found)}, and the record has {_shown(wanted)}")


def _shown(value: object) -> str:
    text = str(value)
    return f"{text[:60]}..." if len(text) > 63 else text or "none"
