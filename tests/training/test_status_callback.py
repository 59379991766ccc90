"""Progress in the TrainJob's status while a training runs in a job's pod."""

import threading

import pytest
from transformers.integrations.integration_utils import KubeflowCallback

from codekiln.launch import trainer_status
from codekiln.training.graceful_shutdown import StoppedBySignal
from codekiln.training.status_callback import StatusCallback
from tests import toy_models as toy
from tests.launch.fake_status_server import running
from tests.training.test_training import job_of, train


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("status")
    toy.make(folder / "base")
    toy.write_rows(folder / "examples", toy.examples(24))
    toy.write_rows(folder / "pairs", toy.pairs(24))
    return folder


@pytest.fixture
def server(tmp_path, monkeypatch):
    yield from running(tmp_path, monkeypatch)


def trainer_of(place, kind):
    from codekiln import models
    from codekiln.models.chat_tokenizer import load_chat_tokenizer
    from codekiln.training.run import _read_rows, _trainer

    job, spec = job_of(place, "unused", kind), models.get(str(place / "base"))
    chat = load_chat_tokenizer(spec)
    return _trainer(job, spec, chat, _read_rows(job, chat)[0])[0]


def figures(status):
    return {each["name"]: float(each["value"]) for each in status["metrics"]}


def test_a_training_reports_progress_and_final_figures_from_where_it_goes_on(place, server, monkeypatch):
    from codekiln.training import run as module

    class EndsEarly(module.CheckpointCallback):
        def on_step_end(self, args, state, control, **kwargs):
            self.signalled = state.global_step == 5
            super().on_step_end(args, state, control, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(module, "CheckpointCallback", EndsEarly)
        with pytest.raises(StoppedBySignal):
            train(place, "again")
    server.wait()
    assert server.received[0]["progressPercentage"] == 0
    assert all(each["progressPercentage"] <= 55 for each in server.received)
    server.received.clear()
    summary = train(place, "again")
    shares = [each["progressPercentage"] for each in server.received]
    assert summary.resumed_from == 5
    assert (min(shares), shares[-1], shares.count(100)) == (5 * 100 // summary.steps, 100, 1)
    assert shares == sorted(shares)
    assert server.refused == []
    last = server.trainer_status
    assert last["estimatedRemainingSeconds"] == 0
    assert figures(last)["best_eval_loss"] == pytest.approx(summary.best_eval_loss)
    assert {"train_loss", "eval_loss", "loss"} <= figures(last).keys()
    steps = [each for each in server.received if "current_step" in figures(each)]
    assert all(figures(each)["total_steps"] == summary.steps for each in steps)


def test_a_training_never_waits_for_the_server(place, server, monkeypatch):
    trained, sent, post = threading.Event(), [], trainer_status.TrainerStatus._post

    def hanging(self, body):
        sent.append(body)
        assert trained.wait(60), "the training waits for an answer"
        post(self, body)

    monkeypatch.setattr(trainer_status, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(trainer_status.TrainerStatus, "_post", hanging)
    train(place, "dpo", "dpo")
    assert len(sent) == 1
    monkeypatch.setattr(trainer_status, "TIMEOUT_SECONDS", 60)
    trained.set()
    server.wait(2)
    last = server.trainer_status
    assert last["progressPercentage"] == 100
    assert {"best_eval_loss", "rewards/margins", "train_loss"} <= figures(last).keys()


def reporting(trainer):
    return [each for each in trainer.callback_handler.callbacks if isinstance(each, KubeflowCallback)]


@pytest.mark.parametrize(("rank", "kind"), [("0", "sft"), ("0", "dpo"), ("1", "sft")])
def test_only_rank_zero_of_such_a_job_reports_and_only_once(place, server, monkeypatch, rank, kind):
    monkeypatch.setenv("RANK", rank)
    assert [type(each) for each in reporting(trainer_of(place, kind))] == [StatusCallback] * (rank == "0")


def test_nothing_is_reported_outside_of_such_a_job(place, server, monkeypatch):
    monkeypatch.delenv(trainer_status.TOKEN)
    assert not reporting(trainer_of(place, "sft"))
    monkeypatch.setenv(trainer_status.TOKEN, str(server.token_file))
    monkeypatch.delenv(trainer_status.URL)
    assert not reporting(trainer_of(place, "sft"))
