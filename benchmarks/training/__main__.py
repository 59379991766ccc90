"""How much CPU time training takes on packed rows, on padded ones, and by TRL alone with its best settings.

    python -m benchmarks.training
    python -m benchmarks.training --quick --json

Each trains on the same rows in the same batches, in one thread, for SFT and for DPO with a reference. CPU time is that
from making the trainer to the last step, the reference included; loading the model is left out. The largest difference
between the losses of a step shows that the same thing was computed.
"""

import argparse
import json
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.training import bases, measure
from codekiln.models.loading import quiet

# Rows for each model: a larger one takes longer.
ROWS = {"tiny": 320, "10m": 96, "30m": 48}
QUICK = {"tiny": 96, "10m": 32}


def main(arguments: list[str] | None = None) -> None:
    """Measure, and print the figures."""
    options = _options(arguments)
    quiet()
    counts = QUICK if options.quick else ROWS
    peers = measure.PEERS[:1] if options.quick else measure.PEERS
    names = options.models.split(",") if options.models else list(counts)
    found: list[measure.Comparison] = []
    with TemporaryDirectory(prefix="codekiln-training-") as scratch:
        for name in names:
            base = bases.build(name, Path(scratch))
            for kind in ("sft", "dpo"):
                found += measure.compare(kind, name, base, counts[name], options.rounds, Path(scratch), peers)
                if not options.json:
                    print("\n".join(line(one) for one in found[-len(peers) :]), flush=True)
    if options.json:
        print(json.dumps([record(one) for one in found]))


def record(one: measure.Comparison) -> dict[str, str | float]:
    """Return a comparison for machines."""
    return {
        "kind": one.kind,
        "model": one.model,
        "against": one.against,
        "ratio_cpu": round(one.ratio_cpu, 3),
        "loss_difference": one.loss_difference,
    }


def line(one: measure.Comparison) -> str:
    """Return a comparison for people: median CPU seconds, the spread of the rounds, rows and tokens a CPU second."""
    seconds = statistics.median(one.packed.cpu)
    what = "pairs" if one.kind == "dpo" else "rows"
    speed = f"{one.rows / seconds:.1f} {what}/s, {one.tokens / seconds:,.0f} tokens/s"
    head = f"{one.kind} {one.model:5} packed {_spread(one.packed.cpu)}, {speed}; {one.against} {_spread(one.peer.cpu)}"
    return f"{head}; ratio {one.ratio_cpu:.2f}; losses differ by {one.loss_difference:.1e}"


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} s [{min(seconds):.2f}, {max(seconds):.2f}]"


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("--models", default="", help=f"with commas between, of {', '.join(bases.NAMES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--quick", action="store_true", help="two models and few rows, once, against padded rows")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args(arguments)
    options.rounds = 1 if options.quick else options.rounds
    return options


if __name__ == "__main__":
    main()
