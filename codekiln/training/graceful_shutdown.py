"""Graceful shutdown: at SIGTERM all processes finish the same step, save a checkpoint and exit."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, cast

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from codekiln.launch import processes
from codekiln.training import checkpoints


class StoppedBySignal(SystemExit):
    """Training ended early because of SIGTERM, with a checkpoint to continue from."""

    code: int

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


class CheckpointCallback(TrainerCallback):
    """Marks checkpoints as complete, and ends the run after the next one once any process has received SIGTERM.

    ``enable_jit_checkpoint`` of transformers is not used: there every process decides by itself when to save, also
    between the micro-batches of one optimiser step, so processes would save different steps or deadlock.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.signalled = self._ending = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Handle SIGTERM inside this context; outside the main thread nothing changes, because Python forbids it."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _on_signal(self, signum: int, frame: FrameType | None) -> None:
        self.signalled = True

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Correct the path of the best checkpoint: the folder of a resumed run may have been moved."""
        if state.best_global_step:
            folder = Path(cast(str, args.output_dir))  # set for every job
            state.best_model_checkpoint = str(folder / f"checkpoint-{state.best_global_step}")

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Request a checkpoint once any process has received the signal; an evaluation that is due runs before it."""
        self._ending = processes.any_process(self.signalled, args.device)
        if self._ending:
            control.should_save = True

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Mark the checkpoint, which every process has now written, as complete; end the run if it was signalled.

        Raises:
            StoppedBySignal: In every process, at the same step; never after the last step, where training ends anyway.
        """
        checkpoints.complete(self.output, state.global_step)
        self._ending = self._ending or processes.any_process(self.signalled, args.device)
        if self._ending and not control.should_training_stop:
            raise StoppedBySignal
