"""How fast each engine samples: the same model, prompts and settings through transformers and through vLLM.

    python -m benchmarks.sampling --problems 200
    python -m benchmarks.sampling --shape gemma3-4b --problems 500 --max-new-tokens 512

Each engine runs in a process of its own, in turn. The first run draws one token, which measures what loading takes; the
second draws everything. Tokens per second are those of the replies over the time beyond loading, and CPU time is that
of all processes beyond loading. ``--shape`` makes a model of real size with random weights (benchmarks/gpu), which
nearly always writes as much as it may: for a GPU.
Prints one JSON object a row, then a table.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from codekiln import demo
from codekiln.data import prompts
from codekiln.inference import Sampling

ROOT = Path(__file__).resolve().parents[1]
ENGINES = ("transformers", "vllm")


@dataclass(frozen=True)
class Row:
    """Figures of one engine: seconds of loading, of the CPU beyond loading and of everything, and tokens of replies."""

    engine: str
    loading: float
    cpu: float
    seconds: float
    replies: int
    tokens: int

    @property
    def tokens_per_second(self) -> float:
        """Tokens over the time beyond loading."""
        return self.tokens / max(self.seconds - self.loading, 1e-9)


def draw(engine: str, base: str, adapter: str, problems: int, sampling: Sampling) -> tuple[float, int, int]:
    """Return the seconds that sampling takes from the start of loading, and the number of replies and of tokens."""
    from codekiln import models
    from codekiln.inference.engines import open_generator
    from codekiln.models.chat_tokenizer import load_chat_tokenizer

    chat = load_chat_tokenizer(models.get(base))
    asked = [prompts.messages(problem) for problem in demo.problems("eval", count=problems)]
    started = time.monotonic()
    name: Any = engine
    generator = open_generator(name, base, Path(adapter) if adapter else None)
    texts = [text for row in generator.generate(asked, sampling) for text in row]
    seconds = time.monotonic() - started
    # Each reply has a token more, that which ends it, which is the same for both engines.
    return seconds, len(texts), sum(map(len, chat.encode(texts)))


def measure(engine: str, base: str, adapter: str, problems: int, sampling: Sampling) -> Row:
    """Measure one engine, in processes of its own.

    Raises:
        SystemExit: The engine failed.
    """
    one = sampling.model_copy(update={"n": 1, "max_new_tokens": 1})
    before = _cpu()
    loading, _, _ = _apart(engine, base, adapter, 1, one)
    between = _cpu()
    seconds, replies, tokens = _apart(engine, base, adapter, problems, sampling)
    cpu = (_cpu() - between) - (between - before)
    return Row(engine, loading, cpu, seconds, replies, tokens)


def _cpu() -> float:
    """Return the CPU seconds of all child processes that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _apart(engine: str, base: str, adapter: str, problems: int, sampling: Sampling) -> tuple[float, int, int]:
    what = json.dumps([engine, base, adapter, problems, sampling.model_dump()])
    code = (
        "import json, sys; from benchmarks.sampling import draw; from codekiln.inference import Sampling\n"
        "*first, sampling = json.loads(sys.argv[1]); print(json.dumps(draw(*first, Sampling(**sampling))))"
    )
    done = subprocess.run([sys.executable, "-c", code, what], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{engine} failed")
    seconds, replies, tokens = json.loads(done.stdout.splitlines()[-1])
    return seconds, replies, tokens


def table(rows: list[Row]) -> str:
    """Return the rows as text; ratios are to the first one."""
    lines = [f"{'engine':14}{'loading':>10}{'seconds':>10}{'tokens':>12}{'tokens/s':>12}{'ratio':>8}{'CPU':>9}"]
    for row in rows:
        ratio = row.tokens_per_second / rows[0].tokens_per_second
        figures = f"{row.loading:>9.1f}s{row.seconds:>9.1f}s{row.tokens:>12,}{row.tokens_per_second:>12,.0f}"
        lines.append(f"{row.engine:14}{figures}{ratio:>7.2f}x{row.cpu:>8.1f}s")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Measure every engine and print what was found."""
    options = _options(arguments)
    sampling = Sampling(n=options.n, max_new_tokens=options.max_new_tokens)
    with TemporaryDirectory(prefix="codekiln-sampling-") as scratch:
        base = options.model
        if options.shape:
            base = str(Path(scratch) / "base")
            code = f"import pathlib, benchmarks.gpu.shapes as s; s.build({options.shape!r}, pathlib.Path({base!r}))"
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
        rows = []
        for engine in options.engines.split(","):
            rows.append(measure(engine, base, options.adapter, options.problems, sampling))
            print(json.dumps(asdict(rows[-1])), flush=True)
    print(table(rows))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sampling", description=__doc__.partition("\n")[0])
    parser.add_argument("--model", default="tiny", help="name, folder or Hub id of the base model (default: tiny)")
    parser.add_argument("--shape", default="", help="a shape of benchmarks.gpu with random weights, instead")
    parser.add_argument("--adapter", default="", help="folder of an adapter for that base")
    parser.add_argument("--engines", default=",".join(ENGINES), help="with commas between (default: %(default)s)")
    parser.add_argument("--problems", type=int, default=200, help="prompts (default: 200)")
    parser.add_argument("--n", type=int, default=10, help="replies to each (default: 10)")
    parser.add_argument("--max-new-tokens", type=int, default=256, help="longest reply (default: 256)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
