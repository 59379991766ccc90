import json
import threading
import time

import pytest

from codekiln.launch import exchange, heartbeat
from codekiln.launch.heartbeat import ABANDONED, ABANDONED_SECONDS, Watch, alone, beating
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


def test_a_step_gives_signs_of_life_until_it_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.02)
    with beating(str(tmp_path)):
        first = exchange.last_beat(str(tmp_path))
        assert not alone(str(tmp_path))
        wait_for(lambda: exchange.last_beat(str(tmp_path)) > first)
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]


def test_a_place_that_is_away_for_a_moment_ends_neither_side(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.02)
    beat, calls = exchange.beat, []

    def sometimes(location):
        calls.append(location)
        if len(calls) in (2, 3):
            raise OSError("gone")
        beat(location)

    def gone(location):
        raise OSError("gone")

    monkeypatch.setattr(exchange, "beat", sometimes)
    with beating(str(tmp_path)):
        wait_for(lambda: len(calls) > 4)
    assert capsys.readouterr().out.count("no sign of life could be given: gone") == 2
    monkeypatch.setattr(exchange, "last_beat", gone)
    assert not alone(str(tmp_path))


def test_a_job_that_was_started_by_hand_is_left_alone(tmp_path):
    assert not alone(str(tmp_path))


def test_a_job_ends_itself_when_the_last_sign_of_life_is_too_old(tmp_path, monkeypatch):
    monkeypatch.setattr(heartbeat, "LOOK_SECONDS", 0.02)
    last_beat, looks, ended = exchange.last_beat, [], []
    monkeypatch.setattr(exchange, "last_beat", lambda location: looks.append(location) or last_beat(location))
    exchange.beat(str(tmp_path))
    watch = Watch(str(tmp_path), lambda: ended.append(True))
    watch.start()
    wait_for(lambda: len(looks) > 2)
    assert not ended
    assert not watch.abandoned
    beat_long_ago(tmp_path)
    wait_for(lambda: ended)
    assert watch.abandoned


def test_an_abandoned_job_that_starts_again_ends_at_once_with_a_code_of_its_own(tmp_path):
    (tmp_path / "job.json").write_text(json.dumps({"module": NAME, "job": {"others": {"after": 60}}}))
    beat_long_ago(tmp_path)
    code, said = finish(start(tmp_path))
    assert code == ABANDONED
    assert "no step has waited for this job" in said
