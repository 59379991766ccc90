"""The picture of the flow, drawn from the compiled pipeline and from what each stage reads."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from codekiln import stages
from codekiln.settings.schema import Settings
from docs.generate.drawing import SOFT, Drawing, Point, drawn
from pipelines import MAX_ROUNDS

ROOT = Path(__file__).parents[2]
PIPELINE = ROOT / "pipelines" / "compiled" / "align.yaml"
CHECKED = "check"

# Only the places are chosen by hand; boxes, arrows, labels and colours come from the pipeline.
PLACES = {
    "check": (0, 2), "generate": (1, 2), "filter": (2, 2), "self_generate": (3, 2), "self_filter": (4, 2),
    "sft": (2, 1), "dpo": (3, 1), "dpo_further": (4, 1),
    "evaluate": (3, 0), "promote": (4, 0),
}  # fmt: skip
STEP, POOL = ("#f1f3f5", "#8b95a3"), ("#e3edfa", "#1f6fd0")
COLUMN, ROW, LEFT, BOTTOM, WIDTH, HEIGHT = 2.15, 1.12, 0.8, 0.32, 1.36, 0.42


@dataclass(frozen=True)
class Task:
    """One step of the pipeline: its name, whether its work runs on a pool, and what it takes from which step."""

    name: str
    on_pool: bool
    inputs: tuple[tuple[str, str], ...]


def tasks(path: Path = PIPELINE) -> list[Task]:
    """Return the steps of a compiled pipeline; each input is (step that made it, what is read of it)."""
    compiled = next(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    rows = compiled["root"]["dag"]["tasks"]
    names = {key: _step(key, row) for key, row in rows.items()}
    found = []
    for key, row in rows.items():
        component = row["componentRef"]["name"]
        uses = stages.get(component.removeprefix("comp-").split("-2")[0].replace("-", "_")).parts(Settings())
        inputs = tuple(_inputs(row, uses, names))
        found.append(Task(names[key], "taskConfigPassthroughs" in compiled["components"][component], inputs))
    return found


def svg() -> str:
    """Return the picture.

    Raises:
        ValueError: The pipeline has a step that has no place in the picture, or the picture one too many.
    """
    known = tasks()
    if {task.name for task in known} != PLACES.keys():
        raise ValueError(
            f"PLACES names other steps than {PIPELINE.name}: give each step a place in docs/generate/flow.py"
        )
    with drawn(2 * LEFT + 4 * COLUMN, BOTTOM + 2 * ROW + 0.62) as drawing:
        for task in known:
            fill, edge = POOL if task.on_pool else STEP
            drawing.box(*_centre(task.name), task.name, width=WIDTH, fill=fill, edge=edge, height=HEIGHT)
            for source, part in task.inputs:
                _connect(drawing, source, task.name, part)
        drawing.label(
            LEFT + 3.5 * COLUMN, BOTTOM + 2 * ROW + 0.42, f"a round; up to {MAX_ROUNDS} follow each other", size=9
        )
        _legend(drawing)
    return drawing.text


def _step(key: str, row: dict[str, Any]) -> str:
    step = row["inputs"].get("parameters", {}).get("step")
    return str(step["runtimeValue"]["constant"]) if step else key


def _inputs(row: dict[str, Any], uses: Any, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    artifacts = row["inputs"].get("artifacts", {})
    for name, given in artifacts.items():
        made = given["taskOutputArtifact"]
        # Every step reads what check left; only the first arrow is drawn.
        if made["producerTask"] != CHECKED or len(artifacts) == 1:
            part = uses.get(name, ".")
            yield names[made["producerTask"]], made["outputArtifactKey"] if part == "." else part


def _centre(name: str) -> Point:
    column, row = PLACES[name]
    return LEFT + column * COLUMN, BOTTOM + row * ROW


def _connect(drawing: Drawing, source: str, target: str, part: str) -> None:
    """Draw an arrow between two boxes, with what is passed over it."""
    x, y = drawing.connect(_centre(source), _centre(target), WIDTH, HEIGHT)
    above = 0.12 if PLACES[source][1] == PLACES[target][1] else 0
    drawing.note(x, y + above, "settings" if source == CHECKED else part)


def _legend(drawing: Drawing) -> None:
    for place, (colours, text) in enumerate(
        ((STEP, "a step, on CPUs"), (POOL, "a job, on the GPU pool if there is one"))
    ):
        x, y = LEFT - WIDTH / 2 + 0.15, BOTTOM + 0.34 - 0.34 * place
        drawing.box(x, y, "", width=0.3, height=0.2, fill=colours[0], edge=colours[1])
        drawing.label(x + 0.25, y, text, size=9, color=SOFT, align="left")
