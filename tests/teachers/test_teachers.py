"""Teachers that need no server: style variants of a reference, and a local model."""

import pytest

from codekiln import teachers
from codekiln.code.rewrite.styles import STYLES
from codekiln.data.normalise import fingerprint
from codekiln.data.records import Problem
from codekiln.errors import InputError
from codekiln.inference import Sampling

REFERENCE = "def f(items):\n    return sum(item * item for item in items if item % 2 == 0 and item > 3)\n"


def problem(task_id="t1", reference=REFERENCE):
    return Problem(task_id=task_id, prompt="Write f.", entry_point="f", reference=reference)


def solve(problems, seed=0, **settings):
    cls = teachers.get("reference")
    return list(cls(cls.Settings(**settings), seed=seed).solve(problems))


def test_the_reference_comes_in_several_styles_named_in_the_samples():
    ((_, samples),) = solve([problem()])
    styles = {sample.model.removeprefix("reference:") for sample in samples}
    assert len(styles) >= 4
    assert styles <= set(STYLES)
    assert len({fingerprint(sample.solution) for sample in samples}) >= 3


def test_only_the_styles_asked_for_are_written():
    ((_, samples),) = solve([problem()], styles=("loop", "concise-commented"))
    assert {sample.model for sample in samples} == {"reference:loop", "reference:concise-commented"}


def test_styles_that_do_not_exist_are_all_named():
    with pytest.raises(InputError) as error:
        solve([problem()], styles=("lop", "loop", "concise-comented"))
    assert "did you mean 'loop'" in str(error.value)
    assert "did you mean 'concise-commented'" in str(error.value)


def test_a_problem_without_a_reference_has_no_candidates():
    assert solve([problem(reference=None)]) == [(problem(reference=None), [])]


def test_bugs_are_added_each_different_from_every_style():
    ((_, plain),) = solve([problem()])
    ((_, samples),) = solve([problem()], bugs=5)
    bugged = samples[len(plain) :]
    assert samples[: len(plain)] == plain
    assert 1 <= len(bugged) <= 5
    correct = {fingerprint(sample.solution) for sample in plain}
    assert not correct & {fingerprint(sample.solution) for sample in bugged}
    assert all(sample.model.count(":") == 2 for sample in bugged)


def test_candidates_depend_on_seed_and_problem_alone():
    alone = solve([problem("t2")], seed=1, bugs=3)[0]
    assert solve([problem("t1"), problem("t2")], seed=1, bugs=3)[1] == alone
    assert any(solve([problem("t2")], seed=seed, bugs=3)[0] != alone for seed in range(2, 8))


def test_problems_are_taken_one_at_a_time():
    taken = []

    def stream():
        for number in range(3):
            taken.append(number)
            yield problem(f"t{number}")

    cls = teachers.get("reference")
    next(cls(cls.Settings(), seed=0).solve(stream()))
    assert taken == [0]


def test_the_model_teacher_names_a_base_model_that_does_not_exist():
    cls = teachers.get("model")
    with pytest.raises(InputError, match="did you mean 'tiny'"):
        cls(cls.Settings(base="tyny"), seed=0).check()


def test_the_model_teacher_names_a_folder_that_is_no_adapter(tmp_path):
    cls = teachers.get("model")
    with pytest.raises(InputError, match="not an adapter"):
        cls(cls.Settings(base="tiny", adapter=str(tmp_path)), seed=0).check()


def test_the_model_teacher_draws_candidates_from_a_local_model(tmp_path):
    from tests.toy_models import make

    cls = teachers.get("model")
    sampling = Sampling(n=3, max_new_tokens=4, seed=2)
    teacher = cls(cls.Settings(base=str(make(tmp_path)), sampling=sampling), seed=10)
    answers = list(teacher.solve([problem("t1"), problem("t2")]))
    assert [item.task_id for item, _ in answers] == ["t1", "t2"]
    assert [[sample.seed for sample in samples] for _, samples in answers] == [[12, 13, 14]] * 2
    assert {sample.model for _, samples in answers for sample in samples} == {str(tmp_path)}
    assert list(teacher.solve([problem("t1"), problem("t2")])) == answers


def test_without_named_styles_comments_say_nothing_about_structure():
    from codekiln import demo

    kind = teachers.get("reference")
    teacher = kind(kind.Settings(), seed=0)
    dresses = {}
    for _, samples in teacher.solve(demo.problems("train", count=60)):
        structures = [sample.model.removeprefix("reference:").partition("-") for sample in samples]
        assert len({name for name, _, _ in structures}) == len(structures)
        for name, _, dress in structures:
            dresses.setdefault(name, set()).add(dress)
    assert all(found == {"", "commented", "documented"} for found in dresses.values())
