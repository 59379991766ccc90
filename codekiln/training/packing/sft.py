"""Supervised fine-tuning on packed rows. Imports torch and TRL: import this lazily."""

import torch
from trl.trainer.sft_trainer import SFTTrainer

from codekiln.training.packing.trainer import Measures, PackedTrainer, Share


class PackedSftTrainer(PackedTrainer, SFTTrainer):
    """The loss is the mean over the completions' tokens of all rows of a step."""

    def measure(self, share: Share, likelihoods: torch.Tensor, likeliest: torch.Tensor) -> Measures:
        """Return the mean loss of a token, and the share of tokens that are the model's first choice."""
        return {
            "loss": -likelihoods.sum() / share.all_tokens,
            "mean_token_accuracy": likeliest.sum() / share.all_tokens,
        }
