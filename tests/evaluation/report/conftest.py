"""A run that looks like a real one: measured by the real evaluation on made-up samples."""

import random
from collections.abc import Callable

import pytest

from codekiln.code import metrics
from codekiln.data.records import Graded, Sample, Score, Verdict
from codekiln.evaluation import CHAMPION, decide, evaluate, measures
from codekiln.evaluation.report import ReportData, render
from codekiln.evaluation.report.data import AdapterInfo, BaseModelInfo, BeforeAfter, StageInfo, TrackingInfo

MODELS = {"base": (0.62, 66.0), "sft": (0.95, 70.0), "dpo": (0.94, 79.0), "dpo_further": (0.95, 83.5)}
BEFORE = '''def shout_long_words(words, limit):
    """Return the words longer than limit, in upper case."""
    # start with nothing
    result = []
    for index in range(0, len(words)):
        word = words[index]
        if len(word) > limit:
            upper = word.upper()
            result.append(upper)
        else:
            continue
    return result
'''
AFTER = '''def shout_long_words(words, limit):
    """Return the words longer than limit, in upper case."""
    return [word.upper() for word in words if len(word) > limit]
'''
OLD = """def total_even(numbers):
    total = 0
    for number in numbers:
        if number % 2 == 0:
            if number > 0:
                total = total + number
    return total
"""
NEW = """def total_even(numbers):
    total = 0
    for number in numbers:
        if number % 2 == 0 and number > 0:
            total += number
    return total
"""


def graded(seed: int, models: dict[str, tuple[float, float]], problems: int = 60, samples: int = 5) -> dict:
    source = random.Random(seed)
    level = [source.gauss(0, 5) for _ in range(problems)]
    return {
        name: [
            _graded(source, f"list/{task}", passes, quality + level[task])
            for task in range(problems)
            for _ in range(samples)
        ]
        for name, (passes, quality) in models.items()
    }


def _graded(source: random.Random, task: str, passes: float, quality: float) -> Graded:
    passed = source.random() < passes
    verdict = Verdict(
        task_id=task,
        status="passed" if passed else "failed",
        tests_total=3,
        tests_run=3,
        tests_passed=3 if passed else 1,
    )
    values = {
        "structural_maintainability": min(100.0, source.gauss(quality, 4)),
        "maintainability_index": quality + 8,
        "comment_ratio": 0.1,
        "lines": 160 / quality,
        "cognitive_complexity": 280 / quality,
        "lint_count": 0.4,
    }
    scores = tuple(Score(metric=name, value=values[name]) for name in metrics.names())
    return Graded(sample=Sample(task_id=task, solution="pass"), verdict=verdict, scores=scores)


LABELS = {
    "base": "tiny, unchanged", "sft": "after SFT", "dpo": "after DPO", "dpo_further": "after DPO further",
    CHAMPION: "the champion",
}  # fmt: skip


def curve(start: float, end: float, steps: int = 60) -> list[dict[str, float]]:
    source, rows = random.Random(start), []
    for step in range(1, steps + 1):
        loss = end + (start - end) * 0.93**step
        rows.append({"step": step, "loss": loss + source.gauss(0, 0.02), "learning_rate": 1e-4})
        if step % 10 == 0:
            rows.append({"step": step, "eval_loss": loss + 0.03})
    return rows


@pytest.fixture(scope="session")
def make_report() -> Callable[..., ReportData]:
    return report


@pytest.fixture(scope="session")
def report_data() -> ReportData:
    return report()


@pytest.fixture(scope="session")
def rendered(report_data: ReportData) -> str:
    return render(report_data)


def report(models: dict[str, tuple[float, float]] | None = None, **changes: object) -> ReportData:
    models = MODELS if models is None else models
    names, both = metrics.names(), ["structural_maintainability"]
    result = evaluate(graded(0, models), names, (1, 5), of_passing=names, all_samples=both, resamples=1000)
    candidate = [name for name in models if name != CHAMPION][-1]
    champion = CHAMPION if CHAMPION in models else None
    gate = decide(result, candidate, metric="structural_maintainability", champion=champion)
    values = {
        "title": "align / maintainability",
        "created": "2025-03-14 09:26",
        "evaluation": result,
        "gate": gate,
        "question": "Does dpo_further write more maintainable programs than tiny, without getting more of them wrong?",
        "base": BaseModelInfo(id="codekiln/tiny", revision="0.1.0", digest="9c1f" * 16, licence="Apache-2.0"),
        "measures": tuple(map(measures.of_metric, metrics.names())),
        "curves": {"sft": curve(1.9, 0.12), "dpo": curve(0.69, 0.21), "dpo_further": curve(0.69, 0.3)},
        "examples": (
            BeforeAfter(
                task_id="strings/shout-long-words",
                after_name="dpo_further",
                before_code=BEFORE,
                after_code=AFTER,
                prompt="Write shout_long_words(words, limit): the words longer than limit, in upper case.\n"
                "It must satisfy:\nassert shout_long_words(['ab', 'abcd'], 2) == ['ABCD']",
                before_scores={"structural_maintainability": 61.2, "lines": 11, "comment_ratio": 0.09},
                after_scores={"structural_maintainability": 84.9, "lines": 3, "comment_ratio": 0.0},
            ),
            BeforeAfter(
                task_id="lists/total-even",
                after_name="dpo_further",
                before_code=OLD,
                after_code=NEW,
                prompt="Write total_even(numbers): the sum of the even positive numbers.",
                before_scores={"structural_maintainability": 70.3, "cognitive_complexity": 6},
                after_scores={"structural_maintainability": 75.8, "cognitive_complexity": 3},
            ),
        ),
        "rejected": {
            "filter": {"failed": 812, "duplicate": 143, "timeout": 12, "no-margin": 97},
            "dpo": {"too-long": 4},
            "self_generate": {"failed": 88, "twin-after-normalisation": 61},
        },
        "steps": tuple(
            StageInfo(
                name=name,
                digest=f"{number}a7e" * 16,
                inputs={"data": f"{number - 1}b2c" * 16} if number else {},
                rows=rows,
                seconds=seconds,
                settings={"learning_rate": 2e-4, "epochs": 2} if "pol" in name else {},
            )
            for number, (name, rows, seconds) in enumerate(
                [
                    ("check", None, 0.8),
                    ("generate", 2400, 4.1),
                    ("filter", 1336, 21.0),
                    ("sft", None, 48.2),
                    ("dpo", None, 61.7),
                    ("self_generate", 1600, 33.0),
                    ("filter_2", 512, 12.5),
                    ("dpo_further", None, 44.0),
                    ("evaluate", 8000, 95.4),
                ]
            )
        ),
        "adapters": (
            AdapterInfo(name="sft", digest="aa01" * 16),
            AdapterInfo(name="dpo", parent="sft", reference="previous", digest="bb02" * 16),
            AdapterInfo(
                name="dpo_further", parent="dpo", reference="previous", digest="cc03" * 16, version="codekiln-tiny 3"
            ),
        ),
        "settings": {"recipe": "maintainability", "seed": 0, "dpo": {"learning_rate": 1e-4, "beta": 0.1}},
        "environment": {"codekiln": "0.1.0", "python": "3.11.9", "torch": "2.13.0", "trl": "1.16.0", "cores": "2"},
        "tracking": TrackingInfo(uri="sqlite:///runs/demo/mlflow.db", experiment="codekiln", runs={"align": "0" * 32}),
    }
    return ReportData(**(values | changes))
