"""What check makes again, and what it takes from the last time."""

import pytest

from codekiln.settings.resolve import resolve
from codekiln.stages.check import _provenance


def provenance(*overrides):
    return _provenance(resolve("laptop", {"recipe": "corpus-tasks"}, list(overrides)), {})


@pytest.mark.parametrize(
    "override",
    ["teacher=model", "seed=1", "problems.train=7", "recipes.corpus-tasks.trials=9", "sandbox.cpu_seconds=1"],
)
def test_problems_are_made_again_when_what_they_depend_on_changes(override):
    assert provenance(override) != provenance() == provenance("sft.epochs=2", "workers=1")
