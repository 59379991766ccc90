"""Direct preference optimisation on packed pairs. Imports torch and TRL: import this lazily."""

from pathlib import Path
from typing import Any, cast

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerBase
from trl.trainer.dpo_trainer import DPOTrainer

from codekiln.training.focus import focus_of
from codekiln.training.losses import PAIRWISE, Likelihoods, weighted
from codekiln.training.packing import reference
from codekiln.training.packing.trainer import PLACE, Measures, PackedTrainer, Share
from codekiln.training.settings import DpoSettings


class PackedDpoTrainer(PackedTrainer, DPOTrainer):
    """Each loss is a mean over all pairs of a step, 'sft' over the tokens of their chosen completions.

    Args:
        settings: The losses. With ``focus``, tokens have weights in whatever is compared with the reference. Where no
            loss needs a reference, rewards are the policy's own.
        kept: The file that keeps the reference's log-likelihoods.
    """

    def __init__(self, *args: Any, settings: DpoSettings, kept: Path, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._settings, self._kept = settings, kept
        self._focus = focus_of(settings, cast(PreTrainedTokenizerBase, self.processing_class))
        self._known: torch.Tensor | None = None

    def begin(self) -> None:
        """Get the reference's log-likelihoods of all rows: those that are kept, or new ones."""
        if self._known is None and self._settings.needs_reference:
            found = reference.read(self._kept)
            self._known = (self._ask_reference() if found is None else found).to(self.args.device)

    def measure(self, share: Share, likelihoods: torch.Tensor, likeliest: torch.Tensor) -> Measures:
        """Return the loss, and what TRL measures of pairs."""
        found = self._likelihoods(share, likelihoods)
        losses = [weight * self._loss(name, found, share) for name, weight in weighted(self._settings)]
        chosen, rejected = (self._settings.beta * ratio.detach() for ratio in found.ratios)
        means = {
            "rewards/chosen": chosen,
            "rewards/rejected": rejected,
            "rewards/accuracies": (chosen > rejected).float(),
            "rewards/margins": chosen - rejected,
            "logps/chosen": found.chosen,
            "logps/rejected": found.rejected,
        }
        is_chosen = share.packed.owners % 2 == 0
        return {
            "loss": torch.stack(losses).sum(),
            "mean_token_accuracy": (likeliest & is_chosen).sum() / share.all_tokens,
            **{name: values.sum() / share.all_rows for name, values in means.items()},
        }

    def _loss(self, name: str, found: Likelihoods, share: Share) -> torch.Tensor:
        if name == "sft":
            return -found.chosen_whole.sum() / share.all_tokens
        return PAIRWISE[name](found, self._settings).sum() / share.all_rows

    def _likelihoods(self, share: Share, likelihoods: torch.Tensor) -> Likelihoods:
        device = likelihoods.device
        tokens = torch.tensor([[part.chosen, part.rejected] for part in share.packed.parts], device=device)
        if self._known is None:
            known = torch.zeros(len(share.rows), 2, device=device)
        else:
            known = self._known[[row[PLACE] for row in share.rows]]
        policy = self._per_completion(share, likelihoods)
        (chosen, rejected), (ref_chosen, ref_rejected) = policy.unbind(1), known.unbind(1)
        whole = _sums(share, likelihoods)[:, 0] if self._focus else chosen
        return Likelihoods(chosen, rejected, ref_chosen, ref_rejected, tokens[:, 0], tokens[:, 1], whole)

    def _per_completion(self, share: Share, likelihoods: torch.Tensor) -> torch.Tensor:
        """Return log-likelihoods of completions, shape (pairs, 2), in which tokens have their weights under focus."""
        if self._focus is None:
            return _sums(share, likelihoods)
        sides = [self._focus.weights(tuple(row["chosen_ids"]), tuple(row["rejected_ids"])) for row in share.rows]
        weights = [weight for pair in sides for side in pair for weight in side]
        return _sums(share, likelihoods * torch.tensor(weights, device=likelihoods.device))

    def _ask_reference(self) -> torch.Tensor:
        model = cast(PeftModel, self.model)
        model.eval()
        places: list[int] = []
        values = []
        with torch.no_grad(), reference.policy(model):
            for share in self._all_shares():
                likelihoods, _ = model(packed_rows=share.packed)
                values.append(self._per_completion(share, likelihoods))
                places += [row[PLACE] for row in share.rows]
        return reference.keep(self._kept, places, torch.cat(values))

    def _all_shares(self) -> list[Share]:
        # Held-out rows pass together as in evaluations, so that at the start policy and reference are equal bit by bit.
        sets = [list(cast(Any, rows)) for rows in (self.train_dataset, self.eval_dataset) if rows is not None]
        return [share for rows in sets for share in self.shares(rows)]


def _sums(share: Share, values: torch.Tensor) -> torch.Tensor:
    """Return the sums of tokens' values over completions, shape (pairs, 2)."""
    sums = torch.zeros(2 * len(share.rows), dtype=values.dtype, device=values.device)
    return sums.index_add(0, share.packed.owners, values).view(-1, 2)
