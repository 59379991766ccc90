"""The form of a promotion's record: canonical JSON, the names of its files, and the annotations of what serves it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FOLDER = "promotion"
"""Folder of a version's artifacts with the record of its promotion, and what the record vouches for."""
REFUSAL = "refusal"
"""The same of a version that the gate refused."""
RECORD, SIGNATURE = "record.json", "record.json.sig"

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://codekiln.dev/promotion/v1"
SCHEMA_VERSION = 1

ANNOTATION_RECORD = "codekiln.dev/promotion-record"
"""Annotation of an object that serves an adapter: sha256 of the bytes of `RECORD`, in hexadecimal digits."""
ANNOTATION_MODEL = "codekiln.dev/model"
"""Annotation beside it: NAME/VERSION of the registered version."""
ANNOTATION_FOLLOWS = "codekiln.dev/follows"
"""Annotation of an object that follows an alias instead: NAME@ALIAS. It proves each version itself before it serves."""
VERIFIED_RECORDS = "codekiln-verified-records"
"""ConfigMap of the records that were verified: NAME/VERSION by the record's sha256."""


def canonical(value: Any) -> bytes:
    """Return JSON in the canonical form of RFC 8785 (JCS), for values without fractions.

    Raises:
        ValueError: A number is no integer, or beyond 2**53, so that its canonical text follows ECMAScript's rules; or a
            text is no Unicode.
    """
    return json.dumps(_ordered(value), separators=(",", ":"), ensure_ascii=False).encode()


def plain(value: Any) -> Any:
    """Return JSON where numbers that are no integers are texts, so that `canonical` takes it."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return repr(value) if isinstance(value, float) else value


def digest(content: bytes) -> str:
    """Return the sha256 of bytes, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def statement(files: Mapping[str, str], predicate: Mapping[str, Any]) -> dict[str, Any]:
    """Return an in-toto statement (in-toto attestation framework, v1) about files, given with their sha256 by name."""
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": files[name]}} for name in sorted(files)],
        "predicateType": PREDICATE,
        "predicate": {"schema_version": SCHEMA_VERSION, **predicate},
    }


def _ordered(value: Any) -> Any:
    """Return JSON with the names of objects in the order of their UTF-16 code units, as RFC 8785 asks."""
    if isinstance(value, float) or (isinstance(value, int) and abs(value) > 2**53):
        raise ValueError(f"the number {value!r} has no canonical form here")
    if isinstance(value, Mapping):
        return {key: _ordered(value[key]) for key in sorted(value, key=lambda key: str(key).encode("utf-16-be"))}
    return [_ordered(each) for each in value] if isinstance(value, list | tuple) else value
