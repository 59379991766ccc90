"""What happens at SIGTERM: all processes finish the same step, write a checkpoint and end. Imports transformers."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from codekiln.launch import processes
from codekiln.training import checkpoints


class Stopped(SystemExit):
    """The run was asked to end and has left a checkpoint to continue from."""

    code: int

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


class Checkpoints(TrainerCallback):
    """Marks checkpoints as complete, and ends the run after one when any process was sent SIGTERM.

    transformers' own ``enable_jit_checkpoint`` lets every process decide by its own clock, also between the parts of an
    accumulated batch: several processes would write different steps, or wait for each other for ever.
    """

    def __init__(self, output: Path) -> None:
        self.output = output
        self.asked = self.ending = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Take SIGTERM as a request for a checkpoint; only a main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGTERM, self._ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, before)

    def _ask(self, signum: int, frame: Any) -> None:
        self.asked = True

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Name the best checkpoint so far by where it is now: the folder of a continued run may have been moved."""
        if state.best_global_step:
            state.best_model_checkpoint = str(Path(args.output_dir) / f"checkpoint-{state.best_global_step}")

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Ask for a checkpoint when a process has been told to end; an evaluation that is due comes before it."""
        self.ending = processes.any_of(self.asked, args.device)
        if self.ending:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Mark the checkpoint, which every process has now written, and end if that was asked for.

        Raises:
            Stopped: In every process, at the same step; never after the last step, when the end is near anyway.
        """
        checkpoints.complete(self.output, state.global_step)
        self.ending = self.ending or processes.any_of(self.asked, args.device)
        if self.ending and not control.should_training_stop:
            raise Stopped
