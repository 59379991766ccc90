"""Trainer callbacks: progress lines, step times, an end when the loss diverges; and the learning curve."""

import json
import math
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from codekiln.data.files import write_atomic
from codekiln.errors import InputError
from codekiln.progress import progress

# The keys of TRL's log entries that curve.jsonl keeps.
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


class ProgressCallback(TrainerCallback):
    """Shows progress, counted in optimiser steps; a context that ends it when the training fails.

    Args:
        label: What is trained, as the user knows it.
    """

    def __init__(self, label: str) -> None:
        self.label, self._shown = label, ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self._shown.__exit__(*error)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start counting; a resumed run starts at the step of its checkpoint."""
        shown = progress(self.label, state.max_steps, unit="steps", before=state.global_step)
        self._advance = self._shown.enter_context(shown)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Count one step."""
        self._advance(1)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Print the last line."""
        self._shown.close()


class StepTimer(TrainerCallback):
    """Measures the seconds of every optimiser step, without evaluations and checkpoints."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the clock."""
        self.start = time.perf_counter()

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Stop the clock."""
        self.seconds.append(time.perf_counter() - self.start)


class DivergenceCallback(TrainerCallback):
    """Ends a training run that has diverged.

    Raises:
        InputError: A loss is infinite or NaN.
    """

    def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Check the losses of one log entry, the argument ``logs``."""
        logs: dict[str, float] = kwargs["logs"]
        if any(not math.isfinite(logs.get(key, 0.0)) for key in ("loss", "eval_loss")):
            raise InputError(
                f"training diverged: the loss at step {state.global_step} is not a finite number",
                where="learning_rate",
                fix="lower learning_rate or max_grad_norm",
            )


def write_curve(history: list[dict[str, float]], path: Path) -> None:
    """Write a trainer's log history as JSON Lines: one line per step, with all that was measured at that step."""
    steps: dict[int, dict[str, float]] = {}
    for entry in history:
        measured = {key: entry[key] for key in MEASURES if key in entry}
        if measured:
            steps.setdefault(int(entry["step"]), {}).update(measured)
    write_atomic(path, "".join(json.dumps({"step": step, **steps[step]}) + "\n" for step in sorted(steps)))
