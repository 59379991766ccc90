"""Plans of trainings as a table for people."""

from collections.abc import Mapping

from codekiln.training.plan import TrainingPlan


def table(plans: Mapping[str, TrainingPlan]) -> str:
    """Return plans as a text table, one row per stage, with the reasons below it."""
    head = (
        "stage",
        "strategy",
        "batch",
        "tokens",
        "recompute",
        "weights",
        "adapter",
        "activations",
        "logits",
        "reserve",
        "GiB",
    )
    rows = [head, *(_row(name, chosen) for name, chosen in plans.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    legend = "batch = processes x micro-batch x accumulation of padded rows; tokens of a pass of packed rows; "
    legend += "GiB is per process, and estimated"
    return "\n".join([*lines, "", legend, *(f"{name}: {chosen.reasons}" for name, chosen in plans.items())])


def _row(name: str, chosen: TrainingPlan) -> tuple[str, ...]:
    batch = f"{chosen.processes} x {chosen.micro_batch} x {chosen.accumulation}"
    tokens = str(chosen.tokens_per_pass or "-")
    first = (name, chosen.strategy, batch, tokens, "yes" if chosen.gradient_checkpointing else "no")
    if chosen.memory is None:
        return (*first, *["?"] * 6)
    parts = (f"{part:.1f}" for part in chosen.memory.model_dump().values())
    return (*first, *parts, f"{chosen.memory.total:.1f} of {chosen.available_gib:g}")
