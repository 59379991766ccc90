import multiprocessing
import os
import signal

import pytest

from codekiln.errors import InputError, SandboxError
from codekiln.progress import progress
from codekiln.stages.worker_pool import map_in_processes


def double(number):
    with progress("double", 1) as step:
        step(1)
    return 2 * number, os.getpid()


def test_results_come_in_order_from_other_processes_which_show_no_progress(capfd):
    found = list(map_in_processes(double, range(9), 2))
    assert [number for number, _ in found] == list(range(0, 18, 2))
    assert os.getpid() not in {process for _, process in found}
    assert capfd.readouterr() == ("", "")
    assert not multiprocessing.active_children()


def killed(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_process_that_is_killed_ends_the_work_in_words():
    with pytest.raises(
        SandboxError, match="a worker process was killed, perhaps because the machine is out of"
    ) as error:
        list(map_in_processes(killed, range(9), 1))
    assert "lower workers" in error.value.fix


def refused(number):
    raise InputError("is wrong", where=f"line {number}", fix="correct it")


def test_an_error_of_a_worker_is_raised_here_as_it_was_there():
    with pytest.raises(InputError) as error:
        list(map_in_processes(refused, range(3), 1))
    assert (error.value.what, error.value.where, error.value.fix) == ("is wrong", "line 0", "correct it")
    assert not multiprocessing.active_children()
