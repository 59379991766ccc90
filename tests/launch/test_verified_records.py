"""`codekiln verify --publish` against a server that answers as the API server."""

import pytest

from codekiln.errors import ClusterError
from codekiln.launch.verified_records import publish
from tests.launch.fake_api import NAMESPACE

FIRST, SECOND = "a" * 64, "b" * 64


def test_a_record_is_added_to_those_that_are_there(api):
    api.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "codekiln-verified-records"}})
    assert "codekiln-tiny/1 may be served" in publish(NAMESPACE, FIRST, "codekiln-tiny/1")
    publish(NAMESPACE, SECOND, "codekiln-tiny/2")
    found = api.objects["", "configmaps"]["codekiln-verified-records"]
    assert found["data"] == {FIRST: "codekiln-tiny/1", SECOND: "codekiln-tiny/2"}


def test_who_may_not_or_has_no_policy_is_told_what_to_do(api):
    with pytest.raises(ClusterError, match=r"codekiln-verified-records in(.|\n)*admission.publishers"):
        publish(NAMESPACE, FIRST, "codekiln-tiny/1")
