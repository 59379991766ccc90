import json
import threading
import time

import pytest

from codekiln.launch import exchange, exit_codes, heartbeat
from codekiln.launch.heartbeat import ABANDONED_SECONDS, HeartbeatMonitor, heartbeats, is_abandoned
from tests.launch.fake_objects import PATIENCE
from tests.launch.ranks import NAME
from tests.launch.test_worker import finish, start

pytestmark = pytest.mark.xdist_group("torchrun")


def beat_long_ago(place) -> None:
    (place / exchange.HEARTBEAT).write_text(str(time.time() - ABANDONED_SECONDS - 60))


def wait_for(check) -> None:
    deadline = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def senders() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "heartbeats"]


def test_a_step_gives_signs_of_life_until_it_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "SEND_SECONDS", 0.02)
    with heartbeats(str(tmp_path)):
        first = exchange.read_heartbeat(str(tmp_path))
        assert not is_abandoned(str(tmp_path))
        wait_for(lambda: exchange.read_heartbeat(str(tmp_path)) > first)
    assert not senders()


def test_a_place_that_is_away_for_a_moment_ends_neither_side(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(heartbeat, "SEND_SECONDS", 0.02)
    beat, calls = exchange.write_heartbeat, []

    def sometimes(location):
        calls.append(location)
        if len(calls) in (2, 3):
            raise OSError("gone")
        beat(location)

    def gone(location):
        raise OSError("gone")

    monkeypatch.setattr(exchange, "write_heartbeat", sometimes)
    with heartbeats(str(tmp_path)):
        wait_for(lambda: len(calls) > 4)
    assert capsys.readouterr().out.count("the heartbeat could not be written: gone") == 2
    monkeypatch.setattr(exchange, "read_heartbeat", gone)
    assert not is_abandoned(str(tmp_path))


def test_an_attempt_that_does_not_own_the_job_any_more_sends_none(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "SEND_SECONDS", 0.02)
    location = str(tmp_path)
    with heartbeats(location) as old:
        old.own("old")
        first = exchange.read_heartbeat(location)
        wait_for(lambda: exchange.read_heartbeat(location) > first)
        with heartbeats(location) as new:
            new.own("new")
            wait_for(lambda: len(senders()) == 1)
            last = exchange.read_heartbeat(location)
            wait_for(lambda: exchange.read_heartbeat(location) > last)
        last = exchange.read_heartbeat(location)
        time.sleep(0.1)
        assert exchange.read_heartbeat(location) == last


def test_a_job_that_was_started_by_hand_is_left_alone(tmp_path):
    assert not is_abandoned(str(tmp_path))


def test_a_job_ends_itself_when_the_last_sign_of_life_is_too_old(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "CHECK_SECONDS", 0.02)
    read, checks, ended = exchange.read_heartbeat, [], []
    monkeypatch.setattr(exchange, "read_heartbeat", lambda location: checks.append(location) or read(location))
    exchange.write_heartbeat(str(tmp_path))
    monitor = HeartbeatMonitor(str(tmp_path), lambda: ended.append(True))
    monitor.start()
    wait_for(lambda: len(checks) > 2)
    assert not ended
    assert not monitor.abandoned
    beat_long_ago(tmp_path)
    wait_for(lambda: ended)
    assert monitor.abandoned


def test_an_abandoned_job_that_starts_again_ends_at_once_with_a_code_of_its_own(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps({"module": NAME, "job": {"others": {"after": 60}}}))
    beat_long_ago(tmp_path)
    code, said = finish(start(tmp_path))
    assert code == exit_codes.ABANDONED
    assert "no step has waited for this job" in said
