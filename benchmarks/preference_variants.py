"""What further rounds of self-generation and Target-DPO gain over plain DPO, on the demo, as one table.

    python -m benchmarks.preference_variants
    python -m benchmarks.preference_variants --seeds 0,1,2 --rounds 3 --focus lines,tokens --folder runs/variants

For each seed `align` runs with the laptop profile and ``--rounds`` rounds; for each ``--focus`` a copy of that run goes
on from SFT with ``dpo.focus`` and ``dpo_further.focus`` set and one round, so that data and SFT are the same. A
finished run is not repeated. Samples of all adapters are compared problem by problem. Prints a Markdown table, one row
an adapter: its means, and its paired differences with 95 % intervals, from what it was trained on (``sft`` from the
base, ``dpo`` from ``sft``, a round from the one before), and for Target-DPO from the same step of plain DPO.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from codekiln.evaluation.summary import Evaluation, evaluate_values
from codekiln.stages.evaluate import EVALUATION

MEASURES = ("structural_maintainability", "pass@1")
HEAD = ("seed", "adapter", *MEASURES, "compared with", *(f"{name}, difference" for name in MEASURES))
NOT_PROMOTED = 4
FIRST, FURTHER = "dpo", "dpo_further"


def main() -> None:
    """Parse the command line, run, print the table."""
    parser = argparse.ArgumentParser(description="Compare rounds of self-generation and Target-DPO with plain DPO.")
    parser.add_argument("--seeds", type=_numbers, default=[0], help="numbers with commas")
    parser.add_argument("--rounds", type=int, default=3, choices=(1, 2, 3))
    parser.add_argument("--focus", type=_names, default=["lines"], help="values of dpo.focus with commas")
    parser.add_argument("--folder", type=Path, default=Path("runs/variants"))
    options = parser.parse_args()
    rows = [row for seed in options.seeds for row in _compare(seed, options.rounds, options.focus, options.folder)]
    print("\n" + "\n".join(f"| {' | '.join(row)} |" for row in (HEAD, tuple("---" for _ in HEAD), *rows)))


def _compare(seed: int, rounds: int, kinds: Sequence[str], folder: Path) -> Iterator[tuple[str, ...]]:
    pipeline = folder / f"rounds-{rounds}"
    _codekiln("compile", "--rounds", str(rounds), "--output", str(pipeline))
    plain = folder / f"plain-{seed}"
    _run(str(pipeline / "align.yaml"), plain, seed)
    found = {"plain": _evaluation(plain)}
    for kind in kinds:
        work = folder / f"{kind}-{seed}"
        if not work.exists():
            copy = work.with_name(f".{work.name}")  # a copy that was stopped is not taken for a whole one
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(plain, copy)
            copy.rename(work)
        _run("align", work, seed, f"dpo.focus={kind}", f"dpo_further.focus={kind}")
        found[kind] = _evaluation(work)
    yield from rows_of(seed, joined(found))


def joined(found: dict[str, Evaluation]) -> Evaluation:
    """Return one evaluation of the adapters of several runs on the same problems.

    Args:
        found: Evaluations by the name of the run, the plain run first; other runs give their DPO adapters only.
    """
    plain = found["plain"]
    values = dict(plain.per_problem)
    for kind, evaluation in found.items():
        if kind != "plain":
            values |= {f"{kind}: {name}": evaluation.per_problem[name] for name in (FIRST, FURTHER)}
    design = plain.design
    return evaluate_values(values, plain.samples, groups=design.groups if design else None)


def rows_of(seed: int, evaluation: Evaluation) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each adapter."""
    for name, means in evaluation.contenders.items():
        if against := _compared_with(name):
            values = [f"{means[measure].mean:.3f}" for measure in MEASURES]
            found = [evaluation.compare(name, against, measure) for measure in MEASURES]
            differences = [f"{item.difference:+.3f} [{item.low:+.3f}, {item.high:+.3f}]" for item in found]
            yield str(seed), name, *values, against, *differences


def _compared_with(name: str) -> str | None:
    if ": " in name:
        return name.partition(": ")[2]
    before = {"sft": "base", FIRST: "sft", FURTHER: FIRST, f"{FURTHER}_2": FURTHER, f"{FURTHER}_3": f"{FURTHER}_2"}
    return before.get(name)


def _run(pipeline: str, work: Path, seed: int, *settings: str) -> None:
    options = [word for setting in (f"seed={seed}", *settings) for word in ("--set", setting)]
    _codekiln("run", pipeline, "--profile", "laptop", "--workdir", str(work), *options)


def _codekiln(*words: str) -> None:
    code = subprocess.run([sys.executable, "-m", "codekiln", *words]).returncode
    if code not in (0, NOT_PROMOTED):
        raise SystemExit(code)


def _evaluation(work: Path) -> Evaluation:
    return Evaluation.model_validate_json((work / "evaluate" / EVALUATION).read_bytes())


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in ("lines", "tokens")]:
        raise argparse.ArgumentTypeError(f"no focus '{unknown[0]}'; there are lines and tokens")
    return names


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    main()
