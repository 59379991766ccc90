"""Refuses a registered version that nobody signed: whoever can write to MLflow can register one."""

from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.errors import ModelError
from codekiln.registry import Registry
from codekiln.stages.promotion.verification import verify

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class Unverified(ModelError):
    """The promotion of a version does not hold under a public key."""


def require_signed(registry: Registry, address: str, folder: Path, key: "Ed25519PublicKey") -> None:
    """Raise Unverified, with every line that fails, where a version's promotion cannot be verified.

    Args:
        registry: MLflow.
        address: The version.
        folder: Its files, as they were downloaded.
        key: Public key of whoever signs records.
    """
    found = verify(registry, registry.named(address), folder, key)
    if not found.holds:
        failed = [f"{line.what}: {line.detail}" for line in found.lines if line.status == "fails"]
        fix = f"look at codekiln verify {address} --public-key FILE"
        raise Unverified("\n  ".join([f"{address}: its promotion cannot be verified:", *failed]) + f"\n  fix: {fix}")
