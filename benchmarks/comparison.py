"""How much memory and time `codekiln compare` takes: made-up samples of any number, graded, scored and judged.

    python -m benchmarks.comparison --problems 5000 --samples 200 --contenders 6

Every problem has a few distinct programs, so that most verdicts and scores are known: what is measured is what grows
with the number of samples. Prints one JSON object: seconds, and the peak resident memory of the largest process in MiB.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = 5
_STYLES = (
    "def f(x):\n    return x + {n}\n",
    "def f(x):\n    total = x\n    for step in range({n}):\n        total += 1\n    return total\n",
    "def f(x):\n    if x < 0:\n        return {n} + x\n    return x + {n}\n",
    "def f(x):\n    # adds {n}\n    result = x + {n}\n    return result\n",
    "def f(x):\n    return x - {n} - 1\n",
)


def write_problems(path: Path, problems: int) -> Path:
    """Write problems that ask for the sum of a number and the problem's own."""
    with path.open("w") as file:
        for n in range(problems):
            tests = [f"assert f({x}) == {x + n}" for x in (1, 5)]
            row = {"task_id": f"add/{n}", "prompt": f"Write f(x) that adds {n}.", "entry_point": "f", "tests": tests}
            file.write(json.dumps(row) + "\n")
    return path


def write_samples(path: Path, problems: int, samples: int, contender: int) -> Path:
    """Write a contender's samples; the later the contender, the more of them are of the first, shortest style."""
    with path.open("w") as file:
        for sample in range(samples):
            for n in range(problems):
                style = (sample * 7 + n * 3) % PROGRAMS if (sample + n) % 7 >= contender else 0
                row = {"task_id": f"add/{n}", "solution": _STYLES[style].format(n=n), "seed": sample}
                file.write(json.dumps(row) + "\n")
    return path


def measure(folder: Path, problems: int, samples: int, contenders: int) -> dict[str, float]:
    """Run the command on made-up files in ``folder``, and return figures."""
    folder.mkdir(parents=True, exist_ok=True)
    source = write_problems(folder / "problems.jsonl", problems)
    names = ("base", *(f"tuned{number}" for number in range(1, contenders)))
    words = [
        f"{name}={write_samples(folder / f'{name}.jsonl', problems, samples, number)}"
        for number, name in enumerate(names)
    ]
    started = time.monotonic()
    command = [sys.executable, "-m", "codekiln", "compare", "--problems", str(source), *words, "--json"]
    done = subprocess.run([*command, "--out", str(folder / "out")], stdout=subprocess.PIPE, check=False)
    if not done.stdout:
        raise SystemExit("the command failed")
    return {
        "problems": problems,
        "samples": samples,
        "contenders": contenders,
        "promoted": json.loads(done.stdout)["gate"]["promoted"],
        "seconds": round(time.monotonic() - started, 1),
        "peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--contenders", type=int, default=6)
    parser.add_argument("--folder", type=Path, default=Path("build/comparison"))
    given = parser.parse_args()
    print(json.dumps(measure(given.folder, given.problems, given.samples, given.contenders)))


if __name__ == "__main__":
    main()
