"""What a trainer does with packed rows, as a part of TRL's. Imports torch and transformers: import this lazily.

This follows TRL 1.16 and transformers 5.24. Of TRL are adapters, the reference's copy, precision and checkpointing of
activations, which its constructors set up; of transformers is the loop over steps. Replaced are public methods of
`transformers.Trainer`: the data loaders, ``training_step``, ``evaluation_loop`` and ``log``.

It is of one process: `codekiln.training.packing.rule` leaves the rows of several processes, and of DeepSpeed, padded.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from datasets import Dataset
from peft import PeftModel
from torch.utils.data import DataLoader
from transformers import PreTrainedModel, Trainer
from transformers.trainer_utils import EvalLoopOutput

from codekiln.training.packing.filling import Budget, fill, length_of
from codekiln.training.packing.layout import Packed, pack
from codekiln.training.packing.scoring import prepare
from codekiln.training.row_validation import Tokens

PLACE = "place"
"""The field of a row that holds its place in the data set."""
Measures = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Share:
    """The rows of one pass, and what they are a part of.

    Attributes:
        rows: The rows; those of all passes are the step's or the evaluation's.
        packed: The same as the model sees them.
        all_rows: Number of rows in all passes.
        all_tokens: Tokens of their first completions.
    """

    rows: list[Tokens]
    packed: Packed
    all_rows: int
    all_tokens: int


class PackedTrainer(Trainer):
    """A trainer that computes each step in as few passes as the budget allows; mixed into one of TRL's.

    A step is of ``batch_size`` rows. They are divided into passes that each are a part of the same mean, so that the
    loss does not depend on how they are divided.

    Args:
        budget: What one pass takes.
        batch_size: Rows of a step.
    """

    def __init__(self, *args: Any, budget: Budget, batch_size: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._budget, self._batch_size = budget, batch_size
        self._measured: dict[str, list[float]] = defaultdict(list)
        prepare(cast(PreTrainedModel, cast(PeftModel, self.model).get_base_model()))

    def measure(self, share: Share, likelihoods: torch.Tensor, likeliest: torch.Tensor) -> Measures:
        """Return what a pass adds to each mean over all rows, scalars; ``loss`` is trained on.

        Args:
            share: The rows.
            likelihoods: Log-likelihood of each scored token.
            likeliest: Whether it is the model's first choice.
        """
        raise NotImplementedError

    def get_train_dataloader(self) -> DataLoader[Any]:
        """Return the rows of each step."""
        rows = cast(Any, self.train_dataset)
        return _Steps(rows, batch_sampler=_Shuffled(len(rows), self._batch_size, self.args.seed), collate_fn=_together)

    def get_eval_dataloader(self, eval_dataset: Any = None) -> DataLoader[Any]:
        """Return all rows as one batch."""
        rows = cast(Any, eval_dataset or self.eval_dataset)
        return DataLoader(rows, batch_size=len(rows), collate_fn=_together)

    def training_step(
        self, model: torch.nn.Module, inputs: dict[str, Any], num_items_in_batch: Any = None
    ) -> torch.Tensor:
        """Return the loss of a step, after the backward pass."""
        self.begin()
        model.train()
        sums: Measures = {}
        for share in self.shares(inputs["rows"]):
            measures = self._measures(model, share)
            self.accelerator.backward(measures["loss"])
            _add(sums, measures)
        for name, value in _numbers(sums).items():
            if name != "loss":
                self._measured[name].append(value)
        self.state.num_input_tokens_seen += sum(map(length_of, inputs["rows"]))
        return sums["loss"]

    def evaluation_loop(
        self,
        dataloader: DataLoader[Any],
        description: str,
        prediction_loss_only: bool | None = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
    ) -> EvalLoopOutput:
        """Return the means over all rows; called while training, so that the model is prepared."""
        self.begin()
        model = cast(torch.nn.Module, self.model)
        model.eval()
        sums: Measures = {}
        (batch,) = dataloader
        for share in self.shares(batch["rows"]):
            with torch.no_grad():
                _add(sums, self._measures(model, share))
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in _numbers(sums).items()}
        return EvalLoopOutput(None, None, metrics, len(batch["rows"]))  # type: ignore[arg-type]

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log, for steps, the means of what was measured since the last time."""
        if "loss" in logs:
            logs |= {name: sum(values) / len(values) for name, values in self._measured.items()}
            self._measured.clear()
        super().log(logs, start_time)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Return 0: nobody asks, and transformers would look for tensors."""
        return 0

    def shares(self, rows: list[Tokens]) -> list[Share]:
        """Return the passes over rows."""
        tokens = sum(_first_completion(row) for row in rows)
        passes = fill([length_of(row) for row in rows], self._budget)
        together = [[rows[place] for place in one] for one in passes]
        return [Share(one, pack(one, self.args.device), len(rows), tokens) for one in together]

    def begin(self) -> None:
        """Do what has to be done once, when the model is prepared and before the first pass."""

    def _prepare_dataset(self, dataset: Dataset, *args: Any, **kwargs: Any) -> Dataset:
        return dataset

    def _send_telemetry(self) -> None:
        pass

    def _measures(self, model: torch.nn.Module, share: Share) -> Measures:
        with self.compute_loss_context_manager():
            return self.measure(share, *model(packed_rows=share.packed))


def shuffled(rows: int, size: int, seed: int, epoch: int) -> list[list[int]]:
    """Return the places of the rows of each step of an epoch."""
    order = list(range(rows))
    random.Random(f"{seed} {epoch}").shuffle(order)
    return [order[start : start + size] for start in range(0, rows, size)]


class _Shuffled(torch.utils.data.Sampler[list[int]]):
    """The places of the rows of each step of an epoch."""

    def __init__(self, rows: int, size: int, seed: int) -> None:
        self._rows, self._size, self._seed, self._epoch = rows, size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return -(-self._rows // self._size)

    def __iter__(self) -> Iterator[list[int]]:
        yield from shuffled(self._rows, self._size, self._seed, self._epoch)


class _Steps(DataLoader[Any]):
    """A data loader that tells its sampler the epoch."""

    def set_epoch(self, epoch: int) -> None:
        cast(_Shuffled, self.batch_sampler).set_epoch(epoch)


def _together(rows: list[Tokens]) -> dict[str, Any]:
    return {"rows": rows}


def _first_completion(row: Tokens) -> int:
    """Return the number of tokens that the likelihood of a reply is a mean over."""
    return len(row["chosen_ids"]) if "chosen_ids" in row else sum(label >= 0 for label in row["labels"])


def _add(sums: Measures, more: Measures) -> None:
    for name, value in more.items():
        sums[name] = sums[name] + value.detach() if name in sums else value.detach()


def _numbers(sums: Measures) -> dict[str, float]:
    return dict(zip(sums, torch.stack([*sums.values()]).tolist(), strict=True))
