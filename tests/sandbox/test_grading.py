import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.data.records import Graded, Sample, Verdict
from codekiln.errors import InputError, InputErrors
from codekiln.sandbox import Limits, grading
from codekiln.sandbox.grading import grade_files, grade_samples, program_of
from codekiln.sandbox.verdict_cache import VerdictCache, context_digest, default_folder, problem_digest, verdict_key
from tests.sandbox.graded_files import ADD, BAD, GOOD, STUB, FakeSandbox, rows, verdict, write


def test_solutions_stand_alone_and_completions_continue_a_prompt_that_is_code() -> None:
    assert program_of(STUB, Sample(task_id="Own/2", solution=GOOD)) == GOOD
    assert program_of(STUB, Sample(task_id="Own/2", completion="    return 1")) == STUB.prompt + "    return 1"
    assert program_of(ADD, Sample(task_id="Own/1", completion=GOOD)) == GOOD


def test_verdicts_come_in_order_and_equal_programs_run_once(capfd: pytest.CaptureFixture[str]) -> None:
    codes = [BAD, GOOD, "sys.exit(", GOOD, BAD, GOOD] * 5
    jobs = [(ADD, Sample(task_id="Own/1", solution=code)) for code in codes]
    verdicts = grade_samples(jobs, workers=2, label="try")
    statuses = {BAD: "failed", GOOD: "passed", "sys.exit(": "invalid"}
    assert [verdict.status for verdict in verdicts] == [statuses[code] for code in codes]
    assert len({id(verdict) for verdict in verdicts}) == 3
    assert "try: 30/30 samples" in capfd.readouterr().err
    assert grade_samples([]) == []


def test_files_are_graded_in_order_with_a_summary(files: tuple[Path, Path, Path]) -> None:
    problems, samples, out = files
    summary = grade_files(str(problems), samples, out, workers=2)
    assert summary.pop("protections")["file reads"]
    assert summary == {
        "samples": 40, "problems": 2, "pass@1": 0.55, "pass@10": 0.8816, "tests_run": 80, "forgeable": 0,
        "failed": 18, "passed": 22,
    }  # fmt: skip
    assert [row.sample.seed for row in rows(out)] == list(range(40))
    assert [row.verdict.task_id for row in rows(out)] == ["Own/1", "Own/2"] * 20
    before = out.stat().st_mtime_ns
    assert grade_files(str(problems), samples, out, workers=2).items() > summary.items()
    assert out.stat().st_mtime_ns == before


def test_known_verdicts_are_reused_under_other_names_and_not_under_other_limits(
    use: Callable[[FakeSandbox], FakeSandbox],
) -> None:
    first = use(FakeSandbox(lambda program: verdict("failed" if program == BAD else "passed")))
    other = ADD.model_copy(update={"task_id": "Own/9", "prompt": "Add 1.", "group": "g"})
    jobs = [(ADD, Sample(task_id="Own/1", solution=code)) for code in (GOOD, BAD)]
    assert [found.status for found in grade_samples(jobs)] == ["passed", "failed"]
    assert first.programs == [GOOD, BAD]
    renamed = [(other, sample.model_copy(update={"task_id": "Own/9"})) for _, sample in jobs]
    assert [(found.task_id, found.status) for found in grade_samples(renamed)] == [
        ("Own/9", "passed"),
        ("Own/9", "failed"),
    ]
    assert first.programs == [GOOD, BAD]
    grade_samples(jobs, limits=Limits(cpu_seconds=3))
    changed = ADD.model_copy(update={"tests": (*ADD.tests, "assert f(2) == 3")})
    grade_samples([(changed, sample) for _, sample in jobs])
    assert first.programs == [GOOD, BAD] * 3


def test_equal_tests_of_two_problems_run_once_and_keep_their_names(use: Callable[[FakeSandbox], FakeSandbox]) -> None:
    sandbox = use(FakeSandbox(lambda program: verdict()))
    jobs = [(problem, Sample(task_id=problem.task_id, solution=GOOD)) for problem in (ADD, STUB)]
    assert [found.task_id for found in grade_samples(jobs)] == ["Own/1", "Own/2"]
    assert sandbox.programs == [GOOD]


def test_without_the_cache_every_program_runs(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox], tmp_path: Path
) -> None:
    problems, samples, out = files
    counts = []
    for name, use_cache in (("1", True), ("2", True), ("3", False)):
        sandbox = use(FakeSandbox(lambda program: verdict()))
        grade_files(str(problems), samples, tmp_path / name, use_cache=use_cache)
        counts.append(len(sandbox.programs))
    assert counts == [37, 0, 37]


def test_rows_are_what_their_records_are_as_json(tmp_path: Path, use: Callable[[FakeSandbox], FakeSandbox]) -> None:
    use(FakeSandbox(lambda program: verdict("failed", detail='"task_id":"" \u2028é\\', suites={"base": "passed"})))
    name = 'Ö "1"\n\x7f\t/1'
    problems = write(tmp_path / "problems.jsonl", [ADD.model_copy(update={"task_id": name})])
    # One by its own name, and one by another spelling of it.
    sample = Sample(task_id=name, completion=GOOD, model="m", seed=3)
    samples = write(tmp_path / "samples.jsonl", [sample, sample.model_copy(update={"task_id": name.lower()})])
    grade_files(str(problems), samples, tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text().split("\n")[:-1]
    graded = [Graded.model_validate_json(line) for line in lines]
    assert lines == [row.model_dump_json() for row in graded]
    assert {row.sample for row in graded} == {sample}
    assert {row.verdict.task_id for row in graded} == {name}


def test_timeouts_by_cpu_are_kept_and_others_are_not() -> None:
    # On a busy machine a second of CPU takes many; what sleeps uses none.
    for code, seconds, status, is_kept in (
        ("while True: pass", 60.0, "timeout", True),
        ("import time\ntime.sleep(60)", 1.0, "timeout", False),
        ("import os\nos._exit(3)", 60.0, "crashed", False),
    ):
        limits = Limits(cpu_seconds=1, wall_seconds=seconds)
        (found,) = grade_samples([(ADD, Sample(task_id="Own/1", solution=code))], limits=limits)
        assert found.status == status
        with VerdictCache(default_folder()) as cache:
            key = verdict_key(context_digest(limits), problem_digest(ADD), code)
            assert (key in cache.find([key])) == is_kept


def test_memory_is_flat_in_the_number_of_samples(tmp_path: Path, use: Callable[[FakeSandbox], FakeSandbox]) -> None:
    sandbox = use(FakeSandbox(lambda program: verdict()))
    problems = write(tmp_path / "problems.jsonl", [ADD])
    peaks = []
    # Twice: threads that earlier tests left may need memory meanwhile.
    for turn, count in enumerate((500, 4500, 4500)):
        codes = (f"{GOOD}# {turn}{number:5}{' ' * 2000}" for number in range(count))
        samples = write(tmp_path / "samples", (Sample(task_id="1", solution=code) for code in codes))
        tracemalloc.start()
        grade_files(str(problems), samples, tmp_path / str(turn))
        peaks.append(tracemalloc.get_traced_memory()[1] - sum(map(sys.getsizeof, sandbox.programs)))
        sandbox.programs.clear()
        tracemalloc.stop()
    assert (min(peaks[1:]) - peaks[0]) / 4000 < 250  # a sample has more than 2,000 bytes


def test_samples_that_change_while_they_are_graded_are_refused(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox]
) -> None:
    problems, samples, out = files

    def change(program: str) -> Verdict:
        samples.write_text(samples.read_text().replace("x + 1", "x + 2"))
        return verdict()

    use(FakeSandbox(change))
    with pytest.raises(InputError, match="changed while it was graded"):
        grade_files(str(problems), samples, out)
    assert not out.exists()


def test_a_result_of_other_inputs_is_not_taken_for_this_one(files: tuple[Path, Path, Path]) -> None:
    problems, samples, out = files
    samples.write_text("".join(samples.read_text().splitlines(keepends=True)[:2]))
    grade_files(str(problems), samples, out)
    with pytest.raises(InputError, match="belongs to other problems"):
        grade_files(str(problems), samples, out, limits=Limits(cpu_seconds=3))
    out.write_text(out.read_text() + "\n")
    with pytest.raises(InputError, match="was changed after it was written"):
        grade_files(str(problems), samples, out)
    (out.parent / "out.jsonl.journal").unlink()
    with pytest.raises(InputError, match="was not written by this command"):
        grade_files(str(problems), samples, out)


@pytest.mark.parametrize("out", ["/dev/stdout", "/dev/null"])
def test_a_result_goes_into_a_file_and_nothing_else_is_to_be_deleted(files: tuple[Path, Path, Path], out: str) -> None:
    problems, samples, _ = files
    with pytest.raises(InputError, match=f"{out}: is no regular file") as raised:
        grade_files(str(problems), samples, Path(out))
    assert raised.value.fix == "give the path of a file"


def test_unknown_problems_are_all_named_with_a_suggestion(files: tuple[Path, Path, Path]) -> None:
    problems, samples, out = files
    lines = [
        {"task_id": "Own/1", "solution": ""},
        {"task_id": "Own/3", "solution": ""},
        {"task_id": "x", "solution": ""},
    ]
    samples.write_text("\n\n".join(json.dumps(line) for line in lines))
    with pytest.raises(InputErrors) as raised:
        grade_files(str(problems), samples, out)
    assert [error.where for error in raised.value.errors] == [f"{samples}:3.task_id", f"{samples}:5.task_id"]
    assert "did you mean 'Own/" in raised.value.errors[0].fix
    assert not out.exists()


@pytest.mark.parametrize("name", ["Own/1", "own/1", "1"])
def test_names_of_problems_as_people_write_them(files: tuple[Path, Path, Path], name: str) -> None:
    problems, samples, out = files
    samples.write_text(json.dumps({"task_id": name, "solution": GOOD}))
    assert grade_files(str(problems), samples, out)["passed"] == 1


def test_problems_that_lack_packages_are_named_and_left_out(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    problems, samples, out = files
    use(FakeSandbox(lambda program: verdict()))
    monkeypatch.setattr(
        grading, "missing_packages", lambda problem, allowed: {"numpy"} if problem.task_id == "Own/2" else set()
    )
    said: list[str] = []
    summary = grade_files(str(problems), samples, out, say=said.append)
    assert (summary["samples"], summary["problems"], summary["left_out"]) == (20, 1, {"Own/2": ["numpy"]})
    assert {row.verdict.task_id for row in rows(out)} == {"Own/1"}
    assert "left out: 1 problems that need packages, with 20 samples: Own/2;" in said[-1]


def test_the_command_says_what_protects_and_refuses_open_reads(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox]
) -> None:
    problems, samples, out = map(str, files)
    arguments = ["grade", "--problems", problems, "--samples", samples, "--out", out]
    use(FakeSandbox(lambda program: verdict(), reads="not confined (no Landlock)"))
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 2
    assert "--allow-weaker" in refused.stderr
    assert not files[2].exists()
    weaker = CliRunner().invoke(main, [*arguments, "--allow-weaker", "--json"])
    assert json.loads(weaker.stdout)["protections"]["file reads"] == "not confined (no Landlock)"
    assert "file reads: not confined (no Landlock)\n" in weaker.stderr
    use(FakeSandbox(lambda program: verdict()))
    files[2].unlink()
    files[2].with_name("out.jsonl.journal").unlink()
    text = CliRunner().invoke(main, [*arguments, "--no-cache"]).stdout
    assert text.splitlines() == [
        "samples      40", "problems     2", "pass@1       1.0", "pass@10      1.0", "tests_run    80",
        "forgeable    0", "passed       40",
    ]  # fmt: skip


def test_a_folder_of_programs_is_graded_under_the_names_of_the_problems(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox], tmp_path: Path
) -> None:
    for name, code in (("Own_1/0.py", GOOD), ("Own_1/1.py", BAD), ("Own_2/0.py", GOOD)):
        path = tmp_path / "folder" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    use(FakeSandbox(lambda program: verdict("failed" if program == BAD else "passed")))
    summary = grade_files(str(files[0]), tmp_path / "folder", files[2])
    assert summary["pass@1"] == 0.75
    assert [(row.sample.task_id, row.verdict.task_id, row.verdict.passed) for row in rows(files[2])] == [
        ("Own/1", "Own/1", True), ("Own/1", "Own/1", False), ("Own/2", "Own/2", True),
    ]  # fmt: skip


def test_thousands_of_unknown_names_are_a_short_message(files: tuple[Path, Path, Path]) -> None:
    write(files[1], (Sample(task_id=f"Other/x{number}", solution="") for number in range(5000)))
    with pytest.raises(InputErrors) as raised:
        grade_files(str(files[0]), files[1], files[2])
    assert len(raised.value.errors) == 5000
    assert len(str(raised.value).splitlines()) < 45


def test_fields_that_are_ignored_are_named_once(
    files: tuple[Path, Path, Path], use: Callable[[FakeSandbox], FakeSandbox], capfd: pytest.CaptureFixture[str]
) -> None:
    use(FakeSandbox(lambda program: verdict()))
    files[1].write_text(json.dumps({"task_id": 1, "solution": GOOD, "temperature": 0.8}))
    grade_files(str(files[0]), files[1], files[2])
    assert capfd.readouterr().err.count("temperature") == 1


def test_a_sample_that_is_not_unicode_is_refused_with_its_place(files: tuple[Path, Path, Path]) -> None:
    files[1].write_text(json.dumps({"task_id": "1", "solution": "x = '\ud800'"}))
    with pytest.raises(InputErrors, match=r"samples\.jsonl:1: .*hex escape"):
        grade_files(str(files[0]), files[1], files[2])


def test_packages_are_allowed_by_name_and_their_problems_are_left_out_without(
    files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    needing = ADD.model_copy(update={"setup": "import numpy", "tests": ("assert f(int(numpy.int64(1))) == 2",)})
    write(files[0], [needing, STUB])
    write(files[1], [Sample(task_id="1", solution=GOOD), Sample(task_id="2", solution=GOOD)])
    arguments = ["grade", "--problems", str(files[0]), "--samples", str(files[1]), "--json", "--out"]
    without = json.loads(CliRunner().invoke(main, [*arguments, str(tmp_path / "without")]).stdout)
    assert (without["left_out"], without["samples"], without["passed"]) == ({"Own/1": ["numpy"]}, 1, 1)
    allowed = CliRunner().invoke(main, [*arguments, str(tmp_path / "with"), "--allow-imports", " numpy,"])
    assert json.loads(allowed.stdout).items() >= {"samples": 2, "passed": 2}.items()
    unknown = CliRunner().invoke(main, [*arguments, str(tmp_path / "x"), "--allow-imports", "no_such_package"])
    assert unknown.exit_code == 2
    assert "no_such_package" in unknown.stderr
