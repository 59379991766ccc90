import sys

import pytest

from benchmarks import demo

# The second stage works in a process of its own, which has ended before the next line. Pauses let the reader keep up.
STAGES = """
import subprocess, sys, time
WORK = "import time\\nwhile time.process_time() < 0.5: pass"
print("imports", flush=True)
print("== check", flush=True)
print("== sft", flush=True)
time.sleep(1.5)
subprocess.run([sys.executable, "-c", WORK])
print("sft: done", flush=True)
print("== promote", flush=True)
time.sleep(1.5)
print("promoted", flush=True)
"""


def test_each_stage_is_charged_what_its_processes_took(capfd):
    costs = list(demo.measure([sys.executable, "-c", STAGES]))
    assert [cost.stage for cost in costs] == ["start", "check", "sft", "promote"]
    by_stage = {cost.stage: cost for cost in costs}
    assert by_stage["sft"].cpu > 0.4 > by_stage["check"].cpu + by_stage["promote"].cpu
    assert by_stage["sft"].seconds >= 1.5
    assert "== sft" in capfd.readouterr().out


def test_a_run_that_fails_ends_with_its_code():
    with pytest.raises(SystemExit) as ended:
        list(demo.measure([sys.executable, "-c", "print('== check'); raise SystemExit(3)"]))
    assert ended.value.code == 3


def test_the_table_has_the_total_below():
    rows = demo.table([demo.Cost("check", 2, 3), demo.Cost("sft", 60, 97)]).split("\n")
    assert rows[-2:] == ["| sft | 60 | 97 | 97% |", "| all | 62 | 100 | 100% |"]


def test_a_folder_with_finished_stages_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["demo", "--folder", str(tmp_path)])
    with pytest.raises(SystemExit):
        demo.main()
    assert "delete it or name another" in capsys.readouterr().err
