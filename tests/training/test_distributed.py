"""Two processes over gloo, started as a pod starts them."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from codekiln.data.files import sha256_file
from codekiln.training.job import TrainingJob
from tests import toy_models as toy
from tests.training import launched

pytestmark = pytest.mark.xdist_group("torchrun")

LORA = {"r": 16, "alpha": 16, "dropout": 0.0}
SETTINGS = {
    "learning_rate": 5e-3,
    "batch_size": 8,
    "micro_batch": 4,
    # As several processes have it: one process would pack its rows, in an order of its own.
    "packing": False,
    "holdout": 0.2,
    "epochs": 4,
    "eval_every": 4,
    "patience": 0,
}
KTO = {"loss": ["kto"], "epochs": 2}
ATTEMPTS = 3
WEIGHTS = "adapter_model.safetensors"
MEASURES = ("loss", "grad_norm", "eval_loss", "eval_rewards/margins")
slow = pytest.mark.slow


def _named(value: object) -> str:
    """Return a value as a part of a folder's name: DeepSpeed loads no checkpoint below a name with brackets."""
    return "+".join(value) if isinstance(value, list) else str(value)


class Shop:
    """A base model, 32 training and 8 held-out rows of each kind, and what was trained on them so far."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        toy.make(folder / "base")
        toy.write_rows(folder / "examples", toy.examples(40))
        toy.write_rows(folder / "pairs", toy.pairs(40))

    def job(self, kind: str, **changes) -> dict:
        """Return a job; one of DPO continues the adapter of ``alone("sft")``."""
        start = {} if kind == "sft" else {"adapter": str(self.alone("sft") / "output")}
        settings = {kind: SETTINGS | changes.pop("settings", {})}
        data = str(self.folder / ("examples" if kind == "sft" else "pairs"))
        return (
            {"kind": kind, "base": str(self.folder / "base"), "data": data, "lora": LORA} | settings | start | changes
        )

    def place(self, name: str, kind: str, **changes) -> Path:
        return launched.place_of(self.folder / name, self.job(kind, **changes))

    def alone(self, kind: str, **settings) -> Path:
        """Train in this process: two micro-batches one after the other are what two processes compute side by side."""
        from codekiln.training.run import run

        place = self.folder / "-".join((kind, "alone", *map(_named, settings.values())))
        if not place.exists():
            run(TrainingJob(**self.job(kind, settings=settings), output=place / "output"))
        return place

    def together(self, kind: str, strategy: str, **settings) -> Path:
        """Train in two processes of one node."""
        name = "-".join((kind, strategy, *map(_named, settings.values())))
        if not (self.folder / name).exists():
            launched.run(self.place(name, kind, strategy=strategy, settings=settings))
        return self.folder / name


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Shop(tmp_path_factory.mktemp("shop"))


def measured(place: Path) -> list[float]:
    return [entry[name] for entry in launched.curve(place) for name in MEASURES if name in entry]


def differences(place: Path, other: Path) -> dict[str, float]:
    from safetensors.torch import load_file

    mine, its = (load_file(folder / "output" / WEIGHTS) for folder in (place, other))
    assert {name: weight.shape for name, weight in mine.items()} == {name: w.shape for name, w in its.items()}
    return {name: (weight.float() - its[name].float()).abs().max().item() for name, weight in mine.items()}


@pytest.mark.parametrize(
    ("kind", "strategy", "settings"),
    [
        # The one that differs most from one process; what it trained is what the quick test of a stop compares with.
        ("dpo", "zero3", {}),
        pytest.param("sft", "zero2", {}, marks=slow),
        pytest.param("dpo", "ddp", {}, marks=slow),
        pytest.param("sft", "ddp", {}, marks=slow),
        pytest.param("sft", "zero3", {}, marks=slow),
        pytest.param("dpo", "zero2", {}, marks=slow),
        pytest.param("dpo", "ddp", {"reference": "base"}, marks=slow),
        pytest.param("dpo", "zero2", {"reference": "base"}, marks=slow),
        pytest.param("dpo", "zero3", {"reference": "base"}, marks=slow),
        pytest.param("dpo", "zero3", {"gradient_checkpointing": True}, marks=slow),
        pytest.param("dpo", "ddp", {"loss": ["simpo"]}, marks=slow),
        pytest.param("dpo", "zero3", {"loss": ["orpo"]}, marks=slow),
    ],
)
def test_two_processes_train_what_one_trains(shop, kind, strategy, settings):
    place, alone = shop.together(kind, strategy, **settings), shop.alone(kind, **settings)
    assert len(measured(alone)) >= 16 * 2 + 5
    assert measured(place) == pytest.approx(measured(alone), rel=1e-4, abs=2e-5)
    assert (launched.summary(place)["train_rows"], launched.summary(place)["steps"]) == (32, 16)
    # AdamW turns rounding in the smallest gradients into steps of the learning rate's size.
    assert max(differences(place, alone).values()) < 2e-3


@slow
@pytest.mark.parametrize(
    ("strategy", "variant"),
    [
        ("ddp", {"quantization": "nf4", "dora": True}),
        ("zero2", {"dora": True}),
        ("zero3", {"rslora": True, "dora": True}),
    ],
    ids=str,
)
def test_two_processes_train_variants_of_lora(shop, strategy, variant):
    """Their first loss is that of the base, their last one that of one process."""
    lora = LORA | variant
    name = f"sft-{strategy}-{'-'.join(variant)}"
    place, alone = shop.place(name, "sft", strategy=strategy, lora=lora), shop.place(f"{name}-alone", "sft", lora=lora)
    launched.run(place)
    from codekiln.training.run import run

    run(TrainingJob(**shop.job("sft", lora=lora), output=alone / "output"))
    assert measured(place) == pytest.approx(measured(alone), rel=1e-3, abs=2e-4)


@slow
@pytest.mark.parametrize("strategy", ["ddp", "zero3"])
def test_two_processes_train_on_labelled_replies(shop, strategy):
    """They share one estimate of the divergence, so their losses are close to those of one process, and not equal."""
    toy.write_rows(shop.folder / "labelled", toy.labelled(40))
    place = shop.place(f"kto-{strategy}", "dpo", strategy=strategy, data=str(shop.folder / "labelled"), settings=KTO)
    launched.run(place)
    losses = [entry["eval_loss"] for entry in launched.curve(place) if "eval_loss" in entry]
    assert losses[0] == pytest.approx(0.5, abs=1e-6)
    assert losses[-1] < 0.45
    margins = [entry["eval_rewards/margins"] for entry in launched.curve(place) if "eval_rewards/margins" in entry]
    assert margins[-1] > 0.1


@slow
def test_an_adapter_of_zero3_works_on_a_whole_model(shop):
    """Loaded by one process, it gives the loss that the two that trained it measured last."""
    place = shop.together("sft", "zero3")
    from codekiln.training.run import run

    summary = run(TrainingJob(**shop.job("sft", adapter=place / "output"), output=shop.folder / "further"))
    assert summary.first_eval_loss == pytest.approx(launched.summary(place)["best_eval_loss"], rel=1e-5)


@pytest.mark.parametrize("strategy", ["zero3", pytest.param("zero2", marks=slow), pytest.param("ddp", marks=slow)])
def test_a_stop_told_to_one_of_two_nodes_leaves_a_checkpoint_that_both_continue(shop, strategy):
    """The nodes share one folder; the continued run ends exactly as one that nobody stopped."""
    straight = shop.together("dpo", strategy)

    def begin(attempt: int) -> tuple[list[Path], list[subprocess.Popen]]:
        place = shop.place(f"stopped-{strategy}-{attempt}", "dpo", strategy=strategy)
        return [place, place], launched.start_nodes(place)

    stopped = stop_one(begin, "checkpoint-4", node=1)[0]
    assert not (stopped / "output" / WEIGHTS).exists()
    codes, said = launched.finish_nodes(launched.start_nodes(stopped))
    assert codes == [0, 0], said
    assert 4 <= launched.summary(stopped)["resumed_from"] < 16
    for name in (WEIGHTS, "curve.jsonl"):
        assert sha256_file(stopped / "output" / name) == sha256_file(straight / "output" / name), name


@slow
@pytest.mark.parametrize("strategy", ["ddp", "zero2", "zero3"])
def test_nodes_that_share_no_folder_continue_from_what_both_have_written(shop, strategy):
    """As with object storage: each node has a copy, and what both wrote is put together between the two runs."""
    straight = shop.together("dpo", strategy)

    def begin(attempt: int) -> tuple[list[Path], list[subprocess.Popen]]:
        copies = [shop.place(f"copy-{node}-{strategy}-{attempt}", "dpo", strategy=strategy) for node in range(2)]
        return copies, start_apart(copies)

    copies = stop_one(begin, "checkpoint-8", node=0)
    for one, other in ((0, 1), (1, 0)):
        shutil.copytree(copies[one] / "output", copies[other] / "output", dirs_exist_ok=True)
    codes, said = launched.finish_nodes(start_apart(copies))
    assert codes == [0, 0], said
    assert launched.summary(copies[0])["resumed_from"] >= 8
    for name in (WEIGHTS, "curve.jsonl"):
        assert sha256_file(copies[0] / "output" / name) == sha256_file(straight / "output" / name), name
    assert list((copies[1] / "output").iterdir()) == []


def stop_one(
    begin: Callable[[int], tuple[list[Path], list[subprocess.Popen]]], checkpoint: str, node: int
) -> list[Path]:
    """Tell one of two nodes to stop once there is a checkpoint, and return the nodes' folders.

    ``begin`` starts both, in folders of the attempt: the job may be done before a signal reaches it.
    """
    for attempt in range(ATTEMPTS):
        places, nodes = begin(attempt)
        launched.wait_for(places[1] / "output" / "checkpoints" / checkpoint / "complete.json", nodes[0])
        nodes[node].send_signal(signal.SIGTERM)
        codes, said = launched.finish_nodes(nodes)
        if codes != [0, 0]:
            assert codes == [143, 143], said
            return places
    raise AssertionError("the job was always done before the signal came")


def start_apart(copies: list[Path]) -> list[subprocess.Popen]:
    port = launched.free_port()
    return [launched.start(copy, 1, node, 2, port, CODEKILN_NO_SHARED_FOLDER="1") for node, copy in enumerate(copies)]


@slow
@pytest.mark.parametrize("strategy", ["ddp", "zero2", "zero3"])
def test_a_killed_pod_is_continued(shop, strategy):
    straight = shop.together("dpo", strategy)
    for attempt in range(ATTEMPTS):
        killed = shop.place(f"killed-{strategy}-{attempt}", "dpo", strategy=strategy)
        worker = launched.start(killed)
        launched.wait_for(killed / "output" / "checkpoints" / "checkpoint-8" / "complete.json", worker)
        for process in [*psutil.Process(worker.pid).children(), worker]:
            process.send_signal(signal.SIGKILL)
        if (code := launched.finish(worker)[0]) != 0:
            break
    assert code == -signal.SIGKILL
    launched.run(killed)
    assert launched.summary(killed)["resumed_from"] >= 8
    for name in (WEIGHTS, "curve.jsonl"):
        assert sha256_file(killed / "output" / name) == sha256_file(straight / "output" / name), name


@slow
@pytest.mark.parametrize("strategy", ["ddp", "zero2", "zero3"])
def test_bfloat16_trains_in_every_strategy(shop, strategy):
    settings = {"dtype": "bfloat16", "gradient_checkpointing": True, "loss": ["sigmoid"]}
    place = shop.place(f"bfloat16-{strategy}", "dpo", strategy=strategy, settings=settings)
    launched.run(place)
    first, *_, last = launched.curve(place)
    assert first["eval_rewards/margins"] == 0
    assert last["eval_rewards/margins"] > 0.1


@slow
def test_zero3_loads_a_checkpoint_whose_weights_have_other_names(tmp_path):
    """The checkpoints of gemma3-4b and gemma3-12b are those of a larger model that also sees."""
    from safetensors.torch import load_file, save_file

    file = toy.make(tmp_path / "mapped", "Gemma3ForCausalLM") / "model.safetensors"
    weights = load_file(file)
    save_file(weights, tmp_path / "plain.safetensors")
    save_file({f"language_model.{name}": weight for name, weight in weights.items()}, file, metadata={"format": "pt"})
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*torchrun, "-m", "tests.training.mapped_names", str(tmp_path)],
        cwd=launched.ROOT,
        capture_output=True,
        text=True,
        timeout=launched.TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("every weight is there") == 2
