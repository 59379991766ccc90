import ast
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
VALUES = yaml.safe_load((ROOT / "charts/codekiln/values.yaml").read_text())
# A pool has what the defaults have.
KNOWN = VALUES | {"gpuPools": {"POOL": VALUES["gpuPoolDefaults"]}}
NAMED = re.compile(rf"(?<![\w./-])(?:{'|'.join(KNOWN)})(?:\.[A-Za-z]{{2,}})+")


def texts(tree):
    """Yield the texts of a module, f-strings with POOL for what is filled in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "POOL" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.replace("{pool}", "POOL")


def named():
    files = sorted((ROOT / "codekiln/launch").rglob("*.py"))
    modules = {file.stem: ast.parse(file.read_text()) for file in files}
    found = {(module, name) for module, tree in modules.items() for text in texts(tree) for name in NAMED.findall(text)}
    # The front part of an f-string is a text of its own too.
    return sorted(each for each in found if not each[1].endswith("gpuPools"))


def test_the_messages_name_values():
    assert ("failure", "gpuPools.POOL.deadlineSeconds") in named()


@pytest.mark.parametrize(("module", "name"), named())
def test_the_chart_has_the_value_that_a_message_names(module, name):
    place = KNOWN
    for key in name.split("."):
        assert key in place, f"{module}: {name}"
        place = place[key]
