import pytest

from codekiln.registry.signing import public_key
from codekiln.stages.promotion.signed_version import Unverified, require_signed


@pytest.mark.slow
def test_a_signed_promotion_may_be_served_and_a_changed_one_may_not(signed):
    key, address = public_key(signed.public), signed.version.uri
    require_signed(signed.registry, address, signed.folder, key)
    record = signed.folder / "promotion" / "record.json"
    record.write_bytes(record.read_bytes() + b"\n")
    with pytest.raises(Unverified, match="cannot be verified:(.|\n)*signature"):
        require_signed(signed.registry, address, signed.folder, key)
