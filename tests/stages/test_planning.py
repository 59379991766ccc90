"""What check and plan say of an evaluation before anything is trained."""

import pytest

from codekiln.data.folders import Dataset
from codekiln.data.records import Problem
from codekiln.errors import InputError, InputErrors
from codekiln.settings.resolve import resolve
from codekiln.stages.base import StageManifest
from codekiln.stages.planning import plan_evaluation, require_enough
from codekiln.stages.runner import run_check


def settings(*overrides, recipe="maintainability"):
    return resolve("laptop", {"recipe": recipe}, list(overrides))


def test_a_set_that_can_never_promote_is_refused_before_anything_is_made(tmp_path):
    small = settings("problems.train=4", "problems.evaluation=6")
    with pytest.raises(InputErrors, match="6 problems, where the gate needs 30") as refused:
        run_check(small, tmp_path / "check")
    assert "larger problems.evaluation" in str(refused.value)
    manifest = run_check(small, tmp_path / "check", gate=False)
    assert manifest.summary.figures["evaluation"] == 6


def test_check_says_what_the_evaluation_can_show(tmp_path, capsys):
    run_check(settings("problems.train=4", "problems.evaluation=40"), tmp_path / "check")
    said = StageManifest.read(tmp_path / "check").summary.notes["evaluation"]
    assert said.startswith("40 problems, 10 samples each: pass@1 is compared to within 0.0")
    assert f"check: evaluation: {said}" in capsys.readouterr().out
    assert len(Dataset(tmp_path / "check" / "evaluation_problems", Problem).rows()) == 40


@pytest.mark.parametrize(
    ("problems", "groups", "setting", "refused"),
    [(40, 9, 30, "9 groups, where the gate needs 10"), (40, 10, 41, "40 problems, where the gate needs 41")],
)
def test_groups_and_the_setting_count(problems, groups, setting, refused):
    with pytest.raises(InputError, match=refused):
        require_enough(settings(f"evaluation.minimum_problems={setting}"), problems, groups)


def test_a_set_on_which_the_gate_can_promote_is_let_through():
    require_enough(settings(), 30, 10)


def test_spreads_are_known_of_structure_and_pass_at_1_only():
    assert "a gain of 0.7 is promoted" in plan_evaluation(settings(), 200)
    lines = plan_evaluation(settings("metric=lines"), 200)
    assert "a gain of" not in lines
    assert "the guard holds in 100 % of evaluations" in lines
    own = plan_evaluation(settings(recipe="student"), 60, 20)
    assert own.startswith("60 problems of 20 groups, 4 samples each; warning: a candidate with the same valid on every")
    assert plan_evaluation(settings(recipe="student"), 150) == "150 problems of 150 groups, 4 samples each"


@pytest.mark.parametrize(
    ("problems", "role", "warned"), [(100, "critical", True), (164, "critical", False), (100, "advisory", False)]
)
def test_a_benchmark_too_small_for_an_unchanged_candidate_is_warned_of_where_it_decides(problems, role, warned):
    table = f'evaluation.benchmark=[{{name="other", source="tiny", role="{role}"}}]'
    said = plan_evaluation(settings(table), problems, benchmark="other")
    assert ("warning: a candidate with the same pass@1 on other on every problem is refused" in said) is warned
    assert "warning" not in plan_evaluation(settings(table), 200)


def test_a_set_on_which_only_the_first_candidate_can_be_promoted_is_warned_of():
    assert "warning: only the first candidate can be promoted" in plan_evaluation(settings(), 200, 10)
