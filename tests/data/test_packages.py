import pytest

from codekiln.data.readers import missing_packages
from codekiln.data.records import CallTest, DoctestTest, Problem


def needs(*allowed: str, **fields: object) -> set[str]:
    return missing_packages(Problem(task_id="a", prompt="", **fields), allowed)  # type: ignore[arg-type]


def test_setup_tests_and_reference_are_searched() -> None:
    assert needs(setup="import numpy as np\nimport math") == {"numpy"}
    assert needs(tests=("import scipy.stats, os\nassert f()", CallTest(call=[], expect=1))) == {"scipy"}
    assert needs(tests=(DoctestTest(doctest=">>> from pandas import DataFrame\n>>> f()\n1\n"),)) == {"pandas"}
    assert needs(reference="def f():\n    from sympy.core import S\n    return S\n") == {"sympy"}
    assert needs(setup="from __future__ import annotations\nimport collections.abc, _thread", reference="x") == set()


def test_packages_must_be_allowed_and_installed() -> None:
    assert needs(setup="import pydantic") == {"pydantic"}
    assert needs("pydantic", setup="import pydantic.main") == set()
    assert needs("surely_not_installed", setup="import surely_not_installed") == {"surely_not_installed"}


@pytest.mark.parametrize("caught", ["ImportError", "(ValueError, ModuleNotFoundError)", "Exception", ""])
def test_an_import_that_may_fail_is_not_needed(caught: str) -> None:
    guarded = f"try:\n    import numpy\nexcept {caught}:\n    numpy = None\n"
    assert needs(setup=guarded) == set()
    assert needs(setup=f"{guarded}    import pandas\n") == {"pandas"}
    assert needs(setup=guarded.replace(f"except {caught}", "except KeyError")) == {"numpy"}


def test_text_that_is_no_program_needs_nothing() -> None:
    assert needs(setup="import numpy (", reference="from . import x", tests=("'import numpy'",)) == set()
