import logging
from types import SimpleNamespace

import pytest

import codekiln.training  # noqa: F401  # it silences what DeepSpeed says about accelerators
from codekiln.training.callbacks import ProgressCallback


def trained(callback: ProgressCallback, start: int, steps: int, stop: int = 100) -> None:
    """Call a callback as a trainer does, from the step of a checkpoint; it fails at ``stop``."""
    state = SimpleNamespace(max_steps=steps, global_step=start)
    with callback:
        callback.on_train_begin(None, state, None)
        for step in range(start, steps):
            if step == stop:
                raise ValueError("diverged")
            callback.on_step_end(None, state, None)
        callback.on_train_end(None, state, None)


def test_a_training_is_shown_by_its_name_from_where_it_goes_on(capsys):
    trained(ProgressCallback("dpo_further"), 3, 9)
    assert capsys.readouterr().err == "dpo_further: 9/9 steps in 0.0 s\n"


def test_a_training_that_fails_is_no_longer_shown(capsys):
    with pytest.raises(ValueError, match="diverged"):
        trained(ProgressCallback("sft"), 0, 9, stop=4)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("level", "text", "shown"),
    [
        (logging.WARNING, "Setting accelerator to CPU. If you have GPU or other accelerator, we were unable to", False),
        (logging.INFO, "Setting ds_accelerator to cuda (auto detect)", False),
        (logging.WARNING, "the checkpoint has no optimiser", True),
    ],
)
def test_deepspeed_keeps_its_choice_of_an_accelerator_to_itself(level, text, shown):
    record = logging.LogRecord("DeepSpeed", level, "", 0, text, (), None)
    assert bool(logging.getLogger("DeepSpeed").filter(record)) is shown
