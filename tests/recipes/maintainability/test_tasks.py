"""How problems are shown: by their tests, or by the signature of the wanted function."""

import pytest

from codekiln.data import prompts
from codekiln.recipes.maintainability import tasks
from codekiln.settings.resolve import resolve
from tests.recipes.maintainability.making import KIND, STUDY, problem


def test_the_study_is_asked_by_signature_and_sees_no_test():
    reference = "def helper(x):\n    return x\n\ndef f(x: list, k=1) -> int:\n    return sum(x) + k\n"
    reference += "\ndef unused(z):\n    return z\n"
    shown = problem(reference=reference, visible_tests=("assert f([]) == 1",))
    (asked,) = tasks.add_conversations([shown], signature=True, system=STUDY["system"])
    system, user = prompts.messages(asked)
    assert (system.role, system.content) == ("system", STUDY["system"])
    assert "`def f(x: list, k=1) -> int:`" in user.content
    assert "unused" not in user.content
    assert "assert" not in user.content
    assert asked.tests == shown.tests


@pytest.mark.parametrize(
    ("reference", "header"),
    [
        ("def g(x):\n    return 1\n", "def g(x):"),
        ("x = 1", None),
        ("def (", None),
        (None, None),
    ],
)
def test_without_the_function_of_the_tests_the_last_one_is_shown_or_none(reference, header):
    assert tasks.signature_of(problem(reference=reference)) == header


def test_problems_are_asked_as_the_settings_say_on_both_sides():
    chosen = [*(f"recipes.maintainability.{key}={value!r}" for key, value in {"ask": "signature"}.items())]
    settings = resolve(overrides=[*chosen, "problems.train=2", "problems.evaluation=2"])
    made = KIND(KIND.Settings(ask="signature"), metric="structural_maintainability", seed=0).problems(settings)
    for one in (*made.train, *made.evaluation):
        assert "signature" in prompts.messages(one)[-1].content
        assert "assert" not in prompts.messages(one)[-1].content
    plain = KIND(KIND.Settings(), metric="structural_maintainability", seed=0).problems(settings)
    assert not any(one.messages for one in (*plain.train, *plain.evaluation))
