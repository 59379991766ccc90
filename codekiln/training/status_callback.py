"""The trainer callback that reports progress in the TrainJob's status. Imports transformers: import this lazily."""

from typing import Any

from transformers import Trainer, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations.integration_utils import KubeflowCallback

from codekiln.launch import processes
from codekiln.launch.trainer_status import TrainerStatus, trainer_status


class StatusCallback(KubeflowCallback):
    """transformers' own callback, which sends through `TrainerStatus`.

    That one sends from the training loop, which waits up to five seconds at each report for a server that does not
    answer. And it takes the steps before a restart for steps of this attempt, so that the estimated time is too short.
    """

    def __init__(self, status: TrainerStatus) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # transformers has no types here
        self._status = status

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start to report, from the step of the checkpoint."""
        self._state = state
        self._status.start(state.max_steps, state.global_step, {"total_steps": state.max_steps})
        super().on_train_begin(args, state, control, **kwargs)  # type: ignore[no-untyped-call]

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Report the final figures, with the loss of the adapter that is kept."""
        if state.best_metric is not None:
            self._metrics["best_eval_loss"] = state.best_metric
        super().on_train_end(args, state, control, **kwargs)  # type: ignore[no-untyped-call]

    def _update_status(
        self,
        progress_percent: int | None = None,
        estimated_time_remaining: float | None = None,
        metrics: dict[str, Any] | None = None,
        force: bool = False,
    ) -> bool:
        if progress_percent == 100:
            self._status.finish(metrics)
        else:
            self._status.reached(self._state.global_step, metrics)
        return True


def replace_status_callback(trainer: Trainer) -> None:
    """Let rank 0 report through `StatusCallback` where Trainer wants to know its progress.

    transformers adds its own callback to every trainer in a pod that has the variables, whatever ``report_to`` says.
    """
    trainer.remove_callback(KubeflowCallback)
    if processes.rank() == 0 and (status := trainer_status()):
        trainer.add_callback(StatusCallback(status))
