"""Signatures of a promotion's record: Ed25519 (RFC 8032) in an envelope of DSSE, which cosign and in-toto tools read.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, version 1.0.2
"""

import base64
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from codekiln.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
_MAKE = "openssl genpkey -algorithm ed25519 -out key.pem; openssl pkey -in key.pem -pubout -out key.pub"


def private_key(pem: bytes, where: str) -> "Ed25519PrivateKey":
    """Return the Ed25519 private key in a PEM text without a password; ``where`` names its place.

    Raises:
        InputError: It is none; the message holds nothing of the text.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError("is no Ed25519 private key without a password, as PEM", where=where, fix=f"make one: {_MAKE}")
    return key


def public_key(path: Path) -> "Ed25519PublicKey":
    """Return the Ed25519 public key in a PEM file.

    Raises:
        InputError: There is none.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path), fix="give a PEM file") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        fix = "openssl pkey -in key.pem -pubout -out key.pub"
        raise InputError("is no Ed25519 public key, as PEM", where=str(path), fix=fix)
    return key


def fingerprint(key: "Ed25519PublicKey") -> str:
    """Return the sha256 of a public key's DER form, by which people tell keys apart."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def envelope(payload: bytes, key: "Ed25519PrivateKey") -> bytes:
    """Return a DSSE envelope with a payload and its signature; equal arguments give equal bytes."""
    signature = {"keyid": fingerprint(key.public_key()), "sig": _text(key.sign(_encoded(PAYLOAD_TYPE, payload)))}
    found = {"payload": _text(payload), "payloadType": PAYLOAD_TYPE, "signatures": [signature]}
    return json.dumps(found, indent=1).encode() + b"\n"


def fault(content: bytes, payload: bytes, key: "Ed25519PublicKey") -> str:
    """Return why an envelope does not prove that the owner of ``key`` signed ``payload``; empty when it does.

    The key id in an envelope is not signed and decides nothing: every signature is tried.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        found = json.loads(content)
        kind, body = found["payloadType"], _bytes(found["payload"])
        signatures = [_bytes(each["sig"]) for each in found["signatures"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "the envelope cannot be read"
    if kind != PAYLOAD_TYPE or body != payload:
        return "the envelope is of another record"
    for signature in signatures:
        try:
            key.verify(signature, _encoded(kind, body))
        except InvalidSignature:
            continue
        return ""
    return "no signature in the envelope is of this key"


def _encoded(kind: str, payload: bytes) -> bytes:
    """Return DSSE's pre-authentication encoding: what is signed, from which no other type or payload can be read."""
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    """Return what a text stands for, in the standard or the URL-safe alphabet of base64, as DSSE allows both."""
    return base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
