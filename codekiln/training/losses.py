"""Losses of pairs. Imports torch: import this lazily."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch.nn.functional import logsigmoid

from codekiln.training.settings import DpoSettings


@dataclass(frozen=True)
class Likelihoods:
    """Log-likelihoods of the completions of a batch of pairs, summed over tokens; each of shape (pairs,).

    Attributes:
        chosen: Of the chosen completions under the policy.
        rejected: Of the rejected ones.
        reference_chosen: Of the chosen ones under the reference, without gradients; 0 where there is none.
        reference_rejected: Of the rejected ones.
        chosen_tokens: Number of tokens of the chosen completions.
        rejected_tokens: Of the rejected ones.
        chosen_whole: Like ``chosen``, with every token counting alike where ``chosen`` has a focus.
    """

    chosen: torch.Tensor
    rejected: torch.Tensor
    reference_chosen: torch.Tensor
    reference_rejected: torch.Tensor
    chosen_tokens: torch.Tensor
    rejected_tokens: torch.Tensor
    chosen_whole: torch.Tensor

    @property
    def ratios(self) -> tuple[torch.Tensor, torch.Tensor]:
        """log(policy / reference) of the chosen and of the rejected completions."""
        return self.chosen - self.reference_chosen, self.rejected - self.reference_rejected

    @property
    def mean_ratios(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The same as means over the completions' tokens."""
        chosen, rejected = self.ratios
        return chosen / self.chosen_tokens, rejected / self.rejected_tokens


def dpop_loss(chosen: torch.Tensor, rejected: torch.Tensor, beta: float, lambda_: float) -> torch.Tensor:
    """Return the loss of DPO-Positive (Pal et al. 2024, arXiv 2402.13228) for each pair.

    ``-log sigmoid(beta * (chosen - rejected - lambda * max(0, -chosen)))``. While a chosen program is at least as
    likely as under the reference, this is DPO's loss. When it becomes less likely, DPO's loss still falls as long as
    the rejected program falls faster, which happens with pairs that differ in a few tokens; the additional term
    outweighs that by a gradient of ``1 + lambda`` on the chosen program.

    Args:
        chosen: log(policy / reference) of the chosen completions, shape (pairs,).
        rejected: The same of the rejected completions.
        beta: Strength of the pull towards the reference.
        lambda_: Weight of the additional term.
    """
    return -logsigmoid(beta * (chosen - rejected - lambda_ * torch.relu(-chosen)))


def simpo_loss(chosen: torch.Tensor, rejected: torch.Tensor, beta: float, margin: float) -> torch.Tensor:
    """Return the loss of SimPO (Meng et al. 2024, arXiv 2405.14734, equation 6) for each pair.

    ``-log sigmoid(beta * (chosen - rejected) - margin)``, without a reference policy.

    Args:
        chosen: Mean log-likelihood of a token of the chosen completions, shape (pairs,).
        rejected: The same of the rejected completions.
        beta: Scale of the difference.
        margin: The difference that is wanted, after the scale; gamma in the paper.
    """
    return -logsigmoid(beta * (chosen - rejected) - margin)


def orpo_loss(chosen: torch.Tensor, rejected: torch.Tensor, lambda_: float) -> torch.Tensor:
    """Return the loss of ORPO (Hong et al. 2024, arXiv 2403.07691, equations 6 and 7) for each pair.

    The chosen completion's cross-entropy, as in supervised fine-tuning, plus ``lambda`` times ``-log sigmoid`` of the
    log odds ratio, where a completion's odds are ``p / (1 - p)`` and p is the geometric mean over its tokens.

    Args:
        chosen: Mean log-likelihood of a token of the chosen completions, shape (pairs,).
        rejected: The same of the rejected completions.
        lambda_: Weight of the odds ratio.
    """
    return -chosen - lambda_ * logsigmoid(_log_odds(chosen) - _log_odds(rejected))


def _log_odds(mean: torch.Tensor) -> torch.Tensor:
    # log(1 - exp(x)) for x <= 0; a completion that is certain has no finite odds.
    mean = mean.float().clamp(max=-1e-6)
    return mean - torch.log(-torch.expm1(mean))


Loss = Callable[[Likelihoods, DpoSettings], torch.Tensor]


def _dpop(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    return dpop_loss(*found.ratios, settings.beta, settings.dpop_lambda)


def _simpo(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    means = found.chosen / found.chosen_tokens, found.rejected / found.rejected_tokens
    return simpo_loss(*means, settings.simpo_beta, settings.simpo_margin)


def _orpo(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    means = found.chosen / found.chosen_tokens, found.rejected / found.rejected_tokens
    return orpo_loss(*means, settings.orpo_lambda)


def _sigmoid(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    chosen, rejected = found.ratios
    return -logsigmoid(settings.beta * (chosen - rejected))


def _sigmoid_norm(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    chosen, rejected = found.mean_ratios
    return -logsigmoid(settings.beta * (chosen - rejected))


def _hinge(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    chosen, rejected = found.ratios
    return torch.relu(1 - settings.beta * (chosen - rejected))


def _ipo(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    chosen, rejected = found.mean_ratios
    return (chosen - rejected - 1 / (2 * settings.beta)) ** 2


def _apo_zero(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    chosen, rejected = found.ratios
    return 1 - torch.sigmoid(settings.beta * chosen) + torch.sigmoid(settings.beta * rejected)


def _apo_down(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    chosen, rejected = found.ratios
    return torch.sigmoid(settings.beta * chosen) + 1 - torch.sigmoid(settings.beta * (chosen - rejected))


OWN: Mapping[str, Loss] = {"dpop": _dpop, "simpo": _simpo, "orpo": _orpo}
"""Losses that TRL lacks, by their names in `DpoSettings.loss`: the loss of each pair, shape (pairs,)."""

PAIRWISE: Mapping[str, Loss] = {
    **OWN,
    "sigmoid": _sigmoid,
    "sigmoid_norm": _sigmoid_norm,
    "hinge": _hinge,
    "ipo": _ipo,
    "apo_zero": _apo_zero,
    "apo_down": _apo_down,
}
"""All losses of pairs, those of TRL 1.16 as it computes them; 'sft' is not one, being a mean over tokens."""


def padded_losses(settings: DpoSettings) -> Mapping[str, Loss]:
    """Return the losses that are added to TRL's: those that it lacks, and 'sft' where TRL's would have the focus."""
    is_focused = settings.focus != "none" and settings.focus_on == "both"
    return {**OWN, "sft": _sft} if is_focused else OWN


def _sft(found: Likelihoods, settings: DpoSettings) -> torch.Tensor:
    return -found.chosen_whole.sum() / found.chosen_tokens.sum()


def weighted(settings: DpoSettings) -> list[tuple[str, float]]:
    """Return the losses that are added up, each with its weight."""
    weights = settings.loss_weights or (1.0,) * len(settings.loss)
    return list(zip(settings.loss, weights, strict=True))
