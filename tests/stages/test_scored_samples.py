import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from codekiln.code import metrics
from codekiln.data.records import Graded, Problem, Sample, Verdict
from codekiln.errors import InputError
from codekiln.stages import scoring as scoring_module
from codekiln.stages.scored_samples import ScoredSamples
from codekiln.stages.scoring import Scoring

PROBLEM = Problem(task_id="t", prompt="p", tests=("assert f(1)",))


def row(number: int) -> Graded:
    passed = number % 3 > 0
    verdict = Verdict(task_id="t", status="passed" if passed else "failed", tests_total=1, tests_run=1, tests_passed=1)
    return Graded(sample=Sample(task_id="t", solution=f"def f(x):\n    return x + {number % 7}\n"), verdict=verdict)


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(scoring_module, "BATCH", 10)
    path = tmp_path / "graded.jsonl"
    path.write_text("".join(row(number).model_dump_json() + "\n" for number in range(35)))
    return path


def score(graded: Path, workers: int = 1) -> list[Graded]:
    samples = ScoredSamples(graded)
    with Scoring([PROBLEM], ["lines"], workers) as scoring:
        samples.score(scoring, 35, "score")
    return [row.graded() for row in samples]


def test_passing_rows_carry_every_metric_and_others_some(graded: Path) -> None:
    rows = score(graded)
    assert [each.model_copy(update={"scores": ()}) for each in rows] == [row(number) for number in range(35)]
    for each in rows:
        assert [one.metric for one in each.scores] == (list(metrics.names()) if each.verdict.passed else ["lines"])
    assert rows[1].score("lines") == 2.0


def test_equal_replies_with_equal_verdicts_are_scored_once(graded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    score_rows = scoring_module._scores

    def counting(problems: list[Problem], failing: tuple[str, ...], lines: list[bytes]) -> list[str]:
        sent.extend(lines)
        return score_rows(problems, failing, lines)

    monkeypatch.setattr(scoring_module, "_scores", counting)
    other = graded.with_name("other.jsonl")
    other.write_bytes(graded.read_bytes())
    with Scoring([PROBLEM], ["lines"], 1) as scoring:
        for path in (graded, other):
            ScoredSamples(path).score(scoring, 35, "score")
    distinct = {(row(number).sample, row(number).verdict.passed) for number in range(35)}
    assert len(sent) == len(distinct) == 14
    assert len(set(sent)) == 14


@pytest.mark.parametrize("workers", [1, 2])
def test_scores_are_right_where_few_are_remembered(graded: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    whole = score(graded)
    graded.with_name("graded.jsonl.scores").unlink()
    monkeypatch.setattr(scoring_module, "_KEPT", 9)
    monkeypatch.setattr(scoring_module, "BATCH", 2)
    monkeypatch.setattr(scoring_module, "_AHEAD", 1)
    assert score(graded, workers) == whole


def test_processes_give_the_same_file(graded: Path, tmp_path: Path) -> None:
    score(graded)
    scores = graded.with_name("graded.jsonl.scores")
    one = scores.read_bytes()
    scores.unlink()
    score(graded, workers=2)
    assert scores.read_bytes() == one


@pytest.mark.parametrize("cut", [0, 1, 25, 400, 10_000])
def test_scoring_goes_on_where_it_was_cut(graded: Path, cut: int, capsys: pytest.CaptureFixture[str]) -> None:
    whole = score(graded)
    scores = graded.with_name("graded.jsonl.scores")
    data = scores.read_bytes()
    scores.write_bytes(data[: len(data) - cut] if cut < len(data) else b"")
    kept = max(0, scores.read_bytes().count(b"\n") - 1)
    capsys.readouterr()
    assert score(graded) == whole
    assert scores.read_bytes() == data
    assert (f"score: {35 - kept}/{35 - kept} samples" in capsys.readouterr().err) == (kept < 35)


def test_scores_of_other_rows_are_dropped(graded: Path) -> None:
    score(graded)
    lines = graded.read_text().splitlines(keepends=True)
    graded.write_text("".join(lines[::-1]))
    assert [len(each.scores) > 1 for each in score(graded)] == [n % 3 > 0 for n in range(35)][::-1]


def test_two_at_once_are_refused(graded: Path) -> None:
    with holding(graded.with_name("graded.jsonl.scores")), pytest.raises(InputError, match="another run is writing it"):
        score(graded)


@contextlib.contextmanager
def holding(path: Path) -> Iterator[None]:
    import fcntl

    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
