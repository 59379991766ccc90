import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from codekiln.errors import InputError
from codekiln.registry.promotion_record import canonical, plain
from codekiln.registry.signing import _encoded, envelope, fault, private_key, public_key
from tests.stages.promotion.conftest import write_key


@pytest.fixture
def keys(tmp_path):
    private, public = write_key(tmp_path)
    return private_key(private.read_bytes(), "key"), public_key(public)


def test_what_is_signed_is_what_the_specification_of_dsse_gives():
    assert _encoded("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_an_envelope_proves_its_payload_and_nothing_else(keys, tmp_path):
    private, public = keys
    made = envelope(b'{"a":1}', private)
    assert made == envelope(b'{"a":1}', private)
    assert fault(made, b'{"a":1}', public) == ""
    assert fault(made, b'{"a":2}', public) == "the envelope is of another record"
    other = public_key(write_key(tmp_path, "other")[1])
    assert fault(made, b'{"a":1}', other) == "no signature in the envelope is of this key"


def test_the_type_of_the_payload_is_signed_and_the_key_id_is_not(keys):
    private, public = keys
    found = json.loads(envelope(b"{}", private))
    assert fault(json.dumps(found | {"payloadType": "text/plain"}).encode(), b"{}", public)
    (signature,) = found["signatures"]
    renamed = found | {"signatures": [{"sig": "AAAA"}, {"sig": signature["sig"], "keyid": "x"}], "more": 1}
    assert fault(json.dumps(renamed).encode(), b"{}", public) == ""
    url_safe = found | {"signatures": [{"sig": signature["sig"].replace("+", "-").replace("/", "_")}]}
    assert fault(json.dumps(url_safe).encode(), b"{}", public) == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"[" * 9999,
        b'{"payload": 1}',
        b'{"payload": "%", "payloadType": "", "signatures": []}',
    ],
)
def test_an_envelope_that_is_none_proves_nothing(keys, content):
    assert fault(content, b"{}", keys[1]) == "the envelope cannot be read"
    assert fault(
        b'{"payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": []}', b"{}", keys[1]
    )


def test_only_an_ed25519_key_without_a_password_is_taken_and_no_message_shows_it(tmp_path):
    private, public = write_key(tmp_path)
    key = load_pem_private_key(private.read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    curve = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for pem in (locked, curve, public.read_bytes(), b"", b"secret"):
        with pytest.raises(InputError, match=r"^key\.pem: is no Ed25519 private key(.|\n)*fix: make one") as error:
            private_key(pem, "key.pem")
        assert "secret" not in str(error.value)
        assert "BEGIN" not in str(error.value)
    for path in (private, tmp_path / "none"):
        with pytest.raises(InputError, match=path.name):
            public_key(path)


def test_the_canonical_form_is_that_of_rfc_8785():
    """The strings of its 3.2.2, and the order of its 3.2.3: by UTF-16 code units."""
    text = '\u20ac$\u000f\nA\'B"\\\\"/'
    assert canonical({"string": text, "literals": [None, True, False]}) == (
        '{"literals":[null,true,false],"string":"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'.encode()
    )
    names = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\u0080": 6, "\u00f6": 7}
    assert [key for key in json.loads(canonical(names))] == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


@pytest.mark.parametrize("value", [0.5, 1.0, [1e300], {"a": float("nan")}, 2**53 + 1, "\ud800"])
def test_what_has_no_canonical_form_here_is_refused(value):
    with pytest.raises(ValueError, match=r"canonical form|surrogates"):
        canonical(value)
    assert canonical(plain({"level": 0.049, "at": (1, 2)})) == b'{"at":[1,2],"level":"0.049"}'
