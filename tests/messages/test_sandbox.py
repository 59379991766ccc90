"""The sandbox and its tests: what causes each message, its exit code and its text."""

import marshal
from types import SimpleNamespace

import pytest

from codekiln.data.records import CallTest, DoctestTest, Problem
from codekiln.sandbox import Limits, Sandbox, expected_results, grading_journal, pool, worker
from codekiln.sandbox.expected_results import ExpectedResults
from codekiln.sandbox.test_plan import plan_tests
from codekiln.sandbox.worker import ServerDied, Worker
from tests.messages.causes import caused, ids, raises


def problem(*tests, **fields):
    return Problem(task_id="a", prompt="Add.", tests=tests, **fields)


def planned(*tests, **fields):
    return lambda folder, patch: plan_tests(problem(*tests, **fields), None)


def inputs_without_a_reference(folder, patch):
    ExpectedResults(limits="").of(problem(), None)


def reference_that_takes_too_long(folder, patch):
    patch.setattr(expected_results, "_SECONDS", -1.0)
    expected_results._Reference(problem(), [None], None)._one_by_one()


def damaged_journal(folder, patch):
    journal = grading_journal.journal_of(folder / "graded.jsonl")
    journal.write_text('{"inputs": "a"}\n{"program": 0, "verdict": {}}\n')
    with grading_journal.open_journal(folder / "graded.jsonl", "a", 1):
        pass


def kernel_without_landlock(folder, patch):
    patch.setattr(Worker, "start", lambda self: self.protections.update({"file reads": "not confined"}))
    with Sandbox(1, Limits()):
        pass


def sandbox_that_always_dies(folder, patch):
    dying = SimpleNamespace(run=raises(ServerDied("killed by signal 9")))
    Sandbox(1, Limits())._prove_alive(dying)


def reference_that_kills_the_sandbox(folder, patch):
    dying = SimpleNamespace(run=raises(ServerDied("killed by signal 9")))
    Sandbox(1, Limits())._results(dying, pool.plan_calls(()), "")


def no_more_threads(folder, patch):
    pool._start([SimpleNamespace(start=raises(RuntimeError("can't start new thread")))])


def no_more_processes(folder, patch):
    patch.setattr(worker, "_PAUSES", ())
    patch.setattr(worker, "_launch", raises(BlockingIOError(11, "Resource temporarily unavailable")))
    Worker(())._running()


def kernel_that_isolates_nothing(folder, patch):
    answer = marshal.dumps({"error": "seccomp is not there"})
    server = SimpleNamespace(connection=SimpleNamespace(settimeout=lambda seconds: None), receive=lambda: answer)
    Worker(())._handshake(server)


CASES = [
    (planned("# nothing"), 2, "a, test 1 of 1: an empty test\n  fix: remove it"),
    (
        planned(CallTest(call=[1], expect=2)),
        2,
        "a, test 1 of 1: a call test needs the name of the function to call\n"
        "  fix: set entry_point, or write the test as an assert",
    ),
    (
        planned(DoctestTest(doctest=">>> f(")),
        2,
        "a, test 1 of 1: not a doctest: '(' was never closed (<unknown>, line 1)\n  fix: correct the test",
    ),
    (
        planned(DoctestTest(doctest="f(1)")),
        2,
        "a, test 1 of 1: a doctest without examples\n  fix: start examples with '>>> '",
    ),
    (
        inputs_without_a_reference,
        2,
        "a: tests by reference need a reference and the name of its function\n  fix: give reference and entry_point",
    ),
    (
        reference_that_takes_too_long,
        2,
        "a: the reference needs more than -1 s for its inputs\n  fix: correct the reference",
    ),
    (
        damaged_journal,
        2,
        "FOLDER/graded.jsonl: has a damaged journal, line 2\n"
        "  fix: delete FOLDER/graded.jsonl and FOLDER/graded.jsonl.journal to grade again, or give another --output",
    ),
    (
        kernel_without_landlock,
        1,
        "programs could read every file that this user can, because this kernel has no Landlock\n"
        "  fix: run on Linux 5.19 or newer with Landlock on, or allow weaker protection",
    ),
    (
        sandbox_that_always_dies,
        1,
        "the sandbox dies on this machine, whatever it runs: killed by signal 9\n"
        "  fix: see in the kernel's log (dmesg) what ends its processes: a limit of memory, or a security module",
    ),
    (
        reference_that_kills_the_sandbox,
        2,
        "the sandbox died twice with the reference: killed by signal 9\n  fix: correct the reference, or remove it",
    ),
    (
        no_more_threads,
        1,
        "this user may have no more threads: can't start new thread\n"
        "  fix: raise the limit (ulimit -u), or use fewer workers",
    ),
    (
        no_more_processes,
        1,
        "the sandbox's processes did not start: [Errno 11] Resource temporarily unavailable\n"
        "  fix: free memory and processes (ulimit -u), and give the same command again",
    ),
    (
        kernel_that_isolates_nothing,
        1,
        "no way to isolate untrusted programs on this machine: seccomp is not there\n"
        "  fix: use another machine or container; docs/sandbox.md says what the kernel has to allow",
    ),
]


@pytest.mark.parametrize(("cause", "code", "text"), CASES, ids=ids(CASES))
def test_a_mistake_is_one_message(cause, code, text, tmp_path, monkeypatch):
    assert caused(cause, tmp_path, monkeypatch) == (code, text)
