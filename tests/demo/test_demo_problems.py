import hashlib
import json
import subprocess
import sys

import pytest

from codekiln import demo
from codekiln.data.records import Sample
from codekiln.demo.problem_writer import OPERATORS
from codekiln.sandbox.grading import grade_samples

DIGEST = (
    "import hashlib; from codekiln import demo; "
    "print(hashlib.sha256(''.join(p.model_dump_json() for p in demo.problems('eval', 3, 40)).encode()).hexdigest())"
)


def test_problems_are_the_same_in_every_process() -> None:
    text = "".join(problem.model_dump_json() for problem in demo.problems("eval", 3, 40))
    other = subprocess.run([sys.executable, "-c", DIGEST], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == hashlib.sha256(text.encode()).hexdigest()


def test_problems_are_those_of_the_published_results() -> None:
    """Another order of random draws, or another split of the groups, gives other figures than the README's."""
    problems = [problem for split in ("pretrain", "train", "eval") for problem in demo.problems(split, 0, 40)]
    # Without defaults, so that a new field of problems is no change of these.
    text = "".join(problem.model_dump_json(exclude_defaults=True) for problem in problems)
    assert hashlib.sha256(text.encode()).hexdigest() == (
        "f263dbf659f6fbc5a5e59f7124457b3d1165f035a3d08f55d24caed611a5c97e"
    )


def test_seeds_and_counts_choose_problems() -> None:
    first, second = demo.problems("train", 0, 50), demo.problems("train", 1, 50)
    assert [p.prompt for p in first] != [p.prompt for p in second]
    assert demo.problems("train", 0, 20) == first[:20]
    assert len(demo.problems("eval")) >= 200
    assert len(demo.problems("train")) >= 400


def test_splits_share_no_group_and_no_prompt_whatever_the_seed() -> None:
    splits = [
        [p for seed in seeds for p in demo.problems(split, seed, 500)]
        for split, seeds in (("pretrain", (0,)), ("train", (0, 1)), ("eval", (0, 1)))
    ]
    for part in ("group", "prompt"):
        seen = [{getattr(problem, part) for problem in problems} for problems in splits]
        assert not seen[0] & seen[1]
        assert not seen[0] & seen[2]
        assert not seen[1] & seen[2]


def test_evaluation_has_one_problem_a_group() -> None:
    problems = demo.problems("eval", count=200)
    assert (
        len({p.group for p in problems})
        == len({p.prompt for p in problems})
        == len({p.task_id for p in problems})
        == 200
    )


def test_expected_values_do_not_come_from_the_reference_and_agree_with_it() -> None:
    problems = [p for split in ("pretrain", "train", "eval") for p in demo.problems(split, 5, 100)]
    jobs = [(p, Sample(task_id=p.task_id, solution=p.reference)) for p in problems]
    verdicts = grade_samples(jobs, workers=2, label="grade references")
    assert [p.reference for p, verdict in zip(problems, verdicts, strict=True) if not verdict.passed] == []


def test_problems_are_complete() -> None:
    for problem in demo.problems("eval", count=100):
        assert len(problem.tests) >= 5
        assert len(problem.visible_tests) == 1
        assert problem.visible_tests[0] not in problem.tests
        assert f"{problem.entry_point}(" in problem.prompt
        assert (problem.source, problem.licence) == ("codekiln/tiny", "Apache-2.0")
        assert problem.difficulty in ("easy", "medium", "hard")
        assert json.loads(problem.model_dump_json()) == problem.model_dump(mode="json")


def test_tests_tell_programs_apart_that_return_a_constant() -> None:
    for problem in demo.problems("eval", count=100):
        answers = [json.dumps(test.expect) for test in problem.tests]
        assert len(set(answers)) > 1


def test_references_have_an_operator_to_measure() -> None:
    import ast

    for problem in demo.problems("train", count=100):
        assert any(isinstance(node, OPERATORS) for node in ast.walk(ast.parse(problem.reference)))


def test_an_unknown_split_is_an_error() -> None:
    with pytest.raises(KeyError):
        demo.problems("test")
