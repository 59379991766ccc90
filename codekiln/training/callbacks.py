"""What happens beside the optimiser steps: progress, the curve, and stopping when a loss is no number."""

import json
import math
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from codekiln.data.files import write_atomic
from codekiln.errors import InputError
from codekiln.progress import progress

MEASURES = (
    "loss",
    "learning_rate",
    "grad_norm",
    "mean_token_accuracy",
    "rewards/margins",
    "rewards/accuracies",
    "eval_loss",
    "eval_mean_token_accuracy",
    "eval_rewards/margins",
    "eval_rewards/accuracies",
)


class Progress(TrainerCallback):
    """Plain progress lines, counted in optimiser steps."""

    def __init__(self, label: str) -> None:
        self.label = label

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start counting, at the step of the checkpoint if there is one."""
        self.context = progress(self.label, state.max_steps, unit="steps")
        self.step = self.context.__enter__()
        self.step(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Count one step."""
        self.step(1)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Print the last line."""
        self.context.__exit__(None, None, None)


class Pace(TrainerCallback):
    """Takes the time of every optimiser step, without evaluations and checkpoints."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop the clock."""
        self.seconds.append(time.perf_counter() - self.start)


class Finite(TrainerCallback):
    """Ends a training that has diverged.

    Raises:
        InputError: A loss is infinite or no number.
    """

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **kwargs: Any) -> None:
        """Look at the losses of one log entry."""
        if any(not math.isfinite(logs.get(key, 0.0)) for key in ("loss", "eval_loss")):
            raise InputError(
                f"training diverged: the loss at step {state.global_step} is not a finite number",
                where="learning_rate",
                fix="lower learning_rate or max_grad_norm",
            )


def write_curve(history: list[dict[str, float]], path: Path) -> None:
    """Write one JSON line per step with what was measured at it, from a trainer's log history."""
    steps: dict[int, dict[str, float]] = {}
    for entry in history:
        measured = {key: entry[key] for key in MEASURES if key in entry}
        if measured:
            steps.setdefault(int(entry["step"]), {}).update(measured)
    write_atomic(path, "".join(json.dumps({"step": step, **steps[step]}) + "\n" for step in sorted(steps)))
