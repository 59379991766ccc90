from types import SimpleNamespace

import pytest

from codekiln.training import checkpoints


@pytest.fixture
def saving(tmp_path):
    """A callback whose run has written the files of checkpoint-3."""
    from codekiln.training.graceful_shutdown import CheckpointCallback

    (tmp_path / "checkpoints" / "checkpoint-3").mkdir(parents=True)
    (tmp_path / "checkpoints" / "checkpoint-3" / "optimizer.pt").write_text("state")
    state = '{"global_step": 3, "best_global_step": null}'
    (tmp_path / "checkpoints" / "checkpoint-3" / "trainer_state.json").write_text(state)
    return CheckpointCallback(tmp_path)


def at_step(should_training_stop=False):
    control = SimpleNamespace(should_save=False, should_training_stop=should_training_stop)
    return {"args": SimpleNamespace(device="cpu"), "state": SimpleNamespace(global_step=3), "control": control}


def test_nothing_is_saved_or_stopped_unasked(saving):
    step = at_step()
    saving.on_step_end(**step)
    assert not step["control"].should_save
    saving.on_save(**step)
    assert checkpoints.latest(saving.output)[1] == 3


def test_a_request_ends_the_run_after_a_complete_checkpoint(saving):
    from codekiln.training.graceful_shutdown import StoppedBySignal

    saving.signalled, step = True, at_step()
    saving.on_step_end(**step)
    assert step["control"].should_save
    with pytest.raises(StoppedBySignal) as stopped:
        saving.on_save(**step)
    assert stopped.value.code == 143
    assert checkpoints.latest(saving.output)[1] == 3


def test_a_request_during_an_evaluation_takes_the_checkpoint_that_follows_it(saving):
    from codekiln.training.graceful_shutdown import StoppedBySignal

    step = at_step()
    saving.on_step_end(**step)
    saving.signalled = True
    with pytest.raises(StoppedBySignal):
        saving.on_save(**step)


def test_a_run_that_is_at_its_end_anyway_is_not_stopped(saving):
    saving.signalled, step = True, at_step(should_training_stop=True)
    saving.on_step_end(**step)
    saving.on_save(**step)
    assert checkpoints.latest(saving.output)[1] == 3
