"""Settings of SFT and DPO, for every base model from the embedded one to gemma3-12b."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Strategy = Literal["ddp", "zero2", "zero3"]
Quantization = Literal["none", "nf4"]
Loss = Literal[
    "sigmoid", "sigmoid_norm", "hinge", "ipo", "sft", "apo_zero", "apo_down", "dpop", "simpo", "orpo", "kto"
]  # fmt: skip
# Losses of one reply or of a pair alone, without a reference policy.
REFERENCE_FREE = frozenset({"simpo", "orpo", "sft"})

# Losses whose likelihoods are means over a reply or are of single replies, where weights of tokens mean nothing.
UNFOCUSED = frozenset({"simpo", "orpo", "kto"})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LoraSettings(_Section):
    """Shape of the adapter, and how the frozen base is held; an adapter that is continued keeps the shape it has."""

    r: int = Field(16, ge=1, description="rank")
    alpha: int = Field(32, ge=1, description="scale; the adapter's output is multiplied by alpha / r")
    dropout: float = Field(0.05, ge=0, lt=1, description="dropout on the adapter's input")
    targets: tuple[str, ...] | None = Field(
        None,
        min_length=1,
        description="modules that get an adapter; empty: those of the base model's file",
    )
    rslora: bool = Field(
        False, description="rsLoRA (arXiv 2312.03732): multiply by alpha / sqrt(r), so that large ranks learn as well"
    )
    dora: bool = Field(
        False,
        description="DoRA (arXiv 2402.09353): train lengths of weights apart; slower, and vLLM takes it merged only",
    )
    quantization: Quantization = Field(
        "none",
        description="nf4: QLoRA (arXiv 2305.14314), the base in 4 bits while training; it is sampled in full precision",
    )


class TrainingSettings(_Section):
    """Settings that SFT and DPO share."""

    epochs: float = Field(2, gt=0, description="passes over the training rows; 1 to 3 are usual")
    learning_rate: float = Field(1e-4, gt=0, description="peak learning rate of AdamW")
    batch_size: int = Field(16, ge=1, description="rows per optimiser step, over all devices")
    packing: bool = Field(
        True,
        description="compute rows side by side without padding, and the prompt of a pair once; false, or in several "
        "processes: padded, as TRL",
    )
    tokens_per_pass: int | None = Field(
        None,
        ge=1,
        description="tokens per forward pass of packed rows; a longer row passes alone; empty: micro_batch rows",
    )
    micro_batch: int = Field(4, ge=1, description="rows per device and forward pass; the rest is accumulated")
    max_length: int = Field(1024, ge=8, description="longest row in tokens, prompt included; longer ones are rejected")
    warmup: float = Field(0.05, ge=0, lt=1, description="share of the steps in which the learning rate rises")
    scheduler: Literal["linear", "cosine", "constant_with_warmup"] = Field(
        "cosine",
        description="course of the learning rate after warm-up",
    )
    weight_decay: float = Field(0.0, ge=0, description="AdamW's weight decay")
    max_grad_norm: float = Field(1.0, gt=0, description="gradients are clipped to this norm")
    holdout: float = Field(
        0.1,
        ge=0,
        le=0.5,
        description="share of the groups held out to measure loss; 0: none, and no early stopping",
    )
    patience: int = Field(
        3, ge=0, description="evaluations without a lower held-out loss after which training stops; 0: never"
    )
    eval_every: int | None = Field(
        None,
        ge=1,
        description="steps between evaluations, each with a checkpoint; empty: four times an epoch",
    )
    gradient_checkpointing: bool = Field(False, description="recompute activations: half the memory, a third more time")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="of the frozen base; auto: bfloat16 on a GPU, float32 on a CPU",
    )


class SftSettings(TrainingSettings):
    """Supervised fine-tuning; loss on completions only."""


class DpoSettings(TrainingSettings):
    """Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290)."""

    epochs: float = Field(1, gt=0, description="passes over the training pairs; 1 to 3 are usual")
    learning_rate: float = Field(5e-6, gt=0, description="peak learning rate of AdamW; ten times less than for SFT")
    micro_batch: int = Field(2, ge=1, description="pairs per device and forward pass; the rest is accumulated")
    beta: float = Field(0.1, gt=0, description="strength of the pull towards the reference policy")
    loss: tuple[Loss, ...] = Field(
        ("sigmoid", "sft"),
        min_length=1,
        description="losses that are added up; 'sft' keeps chosen programs likely: without it correctness can collapse",
    )
    simpo_beta: float = Field(2.0, gt=0, description="scale of the loss 'simpo' (arXiv 2405.14734), per token")
    simpo_margin: float = Field(
        1.0, ge=0, description="what the loss 'simpo' wants between chosen and rejected, after its scale"
    )
    orpo_lambda: float = Field(
        0.1, gt=0, description="weight of the odds ratio in the loss 'orpo' (arXiv 2403.07691), beside the chosen's own"
    )
    kto_desirable: float | None = Field(
        None,
        gt=0,
        description="weight of good replies in the loss 'kto' (arXiv 2402.01306), of bad ones 1; empty: bad / good",
    )
    dpop_lambda: float = Field(
        50.0,
        ge=0,
        description="what the loss 'dpop' charges for a chosen program that becomes less likely than it was",
    )
    focus: Literal["none", "lines", "tokens"] = Field(
        "none",
        description="compare all of the rejected reply with the chosen one, or the lines or tokens of it that differ "
        "(Target-DPO, arXiv 2503.02783)",
    )
    focus_rest: float = Field(
        0.0, ge=0, le=1, description="weight of the tokens that both replies have, under 'focus'; 1: as without it"
    )
    focus_on: Literal["rejected", "both"] = Field(
        "rejected", description="replies of which 'focus' takes the part that differs; the other counts whole"
    )
    loss_weights: tuple[float, ...] | None = Field(None, description="one weight per loss; empty: 1 each")
    reference: Literal["previous", "base"] = Field(
        "previous",
        description="policy to stay close to: the adapter training starts from, or the bare base model",
    )

    @model_validator(mode="after")
    def _one_weight_per_loss(self) -> "DpoSettings":
        if self.loss_weights and len(self.loss_weights) != len(self.loss):
            raise ValueError(
                f"loss_weights has {len(self.loss_weights)} values for {len(self.loss)} losses: "
                "set loss_weights=[] for 1 each"
            )
        return self

    @model_validator(mode="after")
    def _kto_stands_alone(self) -> "DpoSettings":
        if "kto" in self.loss and (len(self.loss) > 1 or self.loss_weights):
            raise ValueError("the loss 'kto' is of single replies and cannot be added to others; loss_weights is []")
        if "kto" in self.loss and self.micro_batch < 2:
            raise ValueError("the loss 'kto' estimates a divergence within a micro-batch, so micro_batch is at least 2")
        return self

    @model_validator(mode="after")
    def _focus_has_a_loss(self) -> "DpoSettings":
        unfit = sorted(UNFOCUSED.intersection(self.loss))
        if self.focus != "none" and (unfit or not self.needs_reference):
            named = f"the loss '{unfit[0]}' does" if unfit else "its losses do"
            raise ValueError(f"focus weights log-ratios to a reference, which {named} not have: set focus = 'none'")
        return self

    @property
    def needs_reference(self) -> bool:
        """Whether a loss compares the policy with a reference policy."""
        return not REFERENCE_FREE.issuperset(self.loss)

    @property
    def rows(self) -> Literal["pairs", "labelled"]:
        """What is trained on: pairs, or single replies that are labelled as good or bad."""
        return "labelled" if "kto" in self.loss else "pairs"
