"""A whole run with a key, as the page about verdicts shows it."""

import shutil

import pytest

from tests.docs import markdown
from tests.docs.markdown import ROOT
from tests.docs.test_commands import in_short


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the key")
def test_the_signed_run_of_the_page(tmp_path):
    text = (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")
    shown = [each for each in markdown.commands(text) if "key.pem" in each or "key.pub" in each]
    assert [each.split()[0] for each in shown] == ["openssl", "openssl", "codekiln", "codekiln"]
    for command in shown[:2]:
        assert markdown.run(command, tmp_path).returncode == 0
    judged = in_short(shown[2], tmp_path)
    assert judged.returncode in (0, 4), judged.stdout + judged.stderr
    assert "records are signed, key " in judged.stdout
    found = markdown.run(shown[3].replace("@champion", "/1"), tmp_path)
    if judged.returncode == 0:
        assert found.returncode == 0, found.stdout + found.stderr
        assert "FAILS" not in found.stdout
    else:  # on so few problems the gate seldom promotes
        assert found.returncode == 4
        assert "the gate refused this version" in found.stdout
