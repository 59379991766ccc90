"""Stop after the first DPO, for rows that exist already: check, generate, filter, SFT, DPO, evaluate, promote."""

from pipelines.align import build

prefer = build(0, "prefer", __doc__)
