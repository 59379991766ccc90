import json
from pathlib import Path

import pytest

from codekiln.cli import local_runner, step_failure
from codekiln.cli.step_failure import StepFailure, goes_on, oom_kills
from codekiln.settings.resolve import resolve
from codekiln.stages.run_folder import write_settings
from codekiln.training.checkpoints import COMPLETE, FOLDER, STATE
from tests import stand_in


@pytest.fixture
def workdir(tmp_path) -> Path:
    """A run whose sft is at step 4 of 9, and whose dpo has written no whole checkpoint."""
    (tmp_path / "check").mkdir()
    write_settings(tmp_path / "check", resolve("laptop"))
    for place, step, is_whole in (("sft", 2, True), ("sft", 4, True), ("sft", 6, False), ("dpo", 3, False)):
        folder = tmp_path / place / FOLDER / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / STATE).write_text(json.dumps({"best_global_step": 2 if place == "sft" else None, "max_steps": 9}))
        if is_whole:
            files = {STATE: (folder / STATE).stat().st_size}
            (folder / COMPLETE).write_text(json.dumps({"step": step, "files": files}))
    return tmp_path


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ("sft", " with sft at step 4 of 9"),
        ("dpo", " with dpo from its beginning: no checkpoint was complete yet"),
        ("dpo_further_2", " with dpo_further_2 from its beginning: no checkpoint was complete yet"),
        ("evaluate", " with evaluate"),
        ("", ""),
    ],
)
def test_where_a_run_goes_on(workdir, step, place):
    assert goes_on(workdir, step) == place


@pytest.mark.parametrize(
    ("failure", "words", "exit_code"),
    [
        (
            StepFailure("sft", 137),
            ["sft was killed (SIGKILL), perhaps out of memory (the ", "GiB)\n  fix: set sft.tokens_per_pass (now 2048)",
             "or sft.max_length (now ", "sft.gradient_checkpointing = true\nstopped; ", "with sft at step 4 of 9"],
            1,
        ),
        (StepFailure("dpo_further_2", 137, True), ["dpo_further_2 was killed: out of memory", "dpo_further.tokens"], 1),
        (StepFailure("evaluate", 137), ["set evaluate.max_new_tokens (now "], 1),
        (StepFailure("self_generate_2", 137), ["set self_generate.max_new_tokens (now "], 1),
        (StepFailure("self_filter", 137), ["set workers (now 0) to 1, or sandbox.memory_mb lower"], 1),
        (StepFailure("promote", 137), ["fix: give it more memory"], 1),
        (StepFailure("", 137), ["a step was killed", "repeat the command to continue"], 1),
        (StepFailure("sft", 139), ["sft was ended by SIGSEGV\nstopped"], 1),
        (StepFailure("sft", 1), ["stopped; the log is run.log; repeat the command to continue with sft at step 4"], 1),
        (StepFailure("sft", 2), ["stopped; the log is run.log; what was done before sft is kept"], 2),
        (StepFailure("check", 2), ["stopped; the log is run.log"], 2),
    ],
)  # fmt: skip
def test_a_failure_says_what_ended_it_what_to_change_and_where_the_next_run_goes_on(workdir, failure, words, exit_code):
    said = failure.explain(workdir, Path("run.log"))
    for word in words:
        assert word in said
    assert failure.exit_code == exit_code
    assert len(said.splitlines()) <= 3
    assert ("repeat" in said) == (failure.code != 2), "repeating a mistake does not help"


@pytest.mark.parametrize("override", ["sft.packing=false", "sft.tokens_per_pass=null"])
def test_rows_that_are_counted_are_what_to_lower(workdir, override):
    write_settings(workdir / "check", resolve("laptop", overrides=[override]))
    assert "fix: set sft.micro_batch (now 16) " in StepFailure("sft", 137).explain(workdir, Path("run.log"))


def test_a_run_without_settings_is_explained_too(tmp_path):
    assert "fix: set sft.micro_batch or sft.max_length lower" in StepFailure("sft", 137).explain(tmp_path, tmp_path)


def test_the_kernel_counts_what_it_kills_for_memory():
    assert oom_kills() >= 0


def test_a_step_that_is_killed_is_named_without_a_word_of_kfp(tmp_path, monkeypatch, capsys, heeded_signals):
    monkeypatch.setenv("CODEKILN_TEST_KILL", "yes")
    monkeypatch.setattr(step_failure, "oom_kills", lambda: 0)
    failure = local_runner.run(stand_in.write(tmp_path / "stand_in.yaml"), {}, tmp_path / "run")
    assert (failure.step, failure.code) == (stand_in.STEP, 137)
    assert capsys.readouterr().out == f"== {stand_in.STEP}\n"
    assert "Task 'waits' finished with status FAILURE" in (tmp_path / "run" / local_runner.LOG).read_text()


def test_an_argument_that_holds_python3_reaches_a_step_as_it_is():
    from kfp.local import subprocess_task_handler as handler

    command = ["sh", "-c", "python3 -m steps", "--corpus", "/usr/lib/python3.11/site-packages"]
    with local_runner._arguments_as_given():
        assert handler.replace_python_executable(command, "/opt/bin/python") == command
    assert handler.replace_python_executable(command, "/opt/bin/python") != command
