"""The reference's log-likelihoods are computed once, and kept until a run is done."""

import json

import pytest

from codekiln.training.job import TrainingJob
from tests import toy_models as toy

SETTINGS = {"epochs": 2, "learning_rate": 5e-3, "batch_size": 8, "micro_batch": 4, "holdout": 0.2, "eval_every": 2}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    toy.make(folder / "base")
    toy.write_rows(folder / "examples", toy.examples(24))
    toy.write_rows(folder / "pairs", toy.pairs(24))
    run(folder, "sft", kind="sft", data=folder / "examples", sft=SETTINGS)
    return folder


def job(place, output, **changes):
    fixed = {"kind": "dpo", "base": str(place / "base"), "data": place / "pairs", "output": place / output}
    return TrainingJob(**fixed | {"lora": {"r": 4, "dropout": 0.0}} | changes)


def run(place, output, **changes):
    from codekiln.training.run import run

    return run(job(place, output, **changes))


@pytest.fixture
def asked(monkeypatch):
    """How often the reference policy was asked."""
    from codekiln.training.packing import reference

    times = []
    policy = reference.policy
    monkeypatch.setattr(reference, "policy", lambda model: times.append(1) or policy(model))
    return times


def stop(place, output, monkeypatch, **changes):
    """Run until the checkpoint of step 2 is complete."""
    from codekiln.training import checkpoints

    complete = checkpoints.complete

    def interrupt(folder, at):
        complete(folder, at)
        if at == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "complete", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run(place, output, **changes)


@pytest.mark.parametrize("start", ["previous", "base"])
def test_it_is_asked_once_also_by_a_run_that_goes_on(place, asked, monkeypatch, start):
    dpo = SETTINGS | {"reference": start}
    straight = run(place, f"straight-{start}", adapter=place / "sft", dpo=dpo)
    assert len(asked) == 1
    stop(place, f"stopped-{start}", monkeypatch, adapter=place / "sft", dpo=dpo)
    assert len(asked) == 2
    assert run(place, f"stopped-{start}", adapter=place / "sft", dpo=dpo).steps == straight.steps
    assert len(asked) == 2
    for name in ("adapter_model.safetensors", "curve.jsonl"):
        files = [place / f"{how}-{start}" / name for how in ("straight", "stopped")]
        assert files[0].read_bytes() == files[1].read_bytes(), name
    assert not (place / f"stopped-{start}" / "checkpoints").exists()


def test_another_rate_finds_it_and_another_adapter_does_not(place, asked, monkeypatch):
    stop(place, "changed", monkeypatch, adapter=place / "sft", dpo=SETTINGS)
    run(place, "changed", adapter=place / "sft", dpo=SETTINGS | {"learning_rate": 1e-3})
    assert len(asked) == 1
    run(place, "changed", dpo=SETTINGS)
    assert len(asked) == 2


def test_no_loss_that_needs_one_asks_it(place, asked):
    run(place, "free", adapter=place / "sft", dpo=SETTINGS | {"loss": ["simpo"], "epochs": 1})
    assert asked == []
    assert json.loads((place / "free" / "codekiln.json").read_text())["reference"] is None


def test_its_file_is_named_by_all_that_its_values_depend_on(place):
    import datasets

    from codekiln import models
    from codekiln.training.packing import reference

    spec = models.get(str(place / "base"))

    def file(rows=((1, 2), (3,), (4,)), **changes):
        names = ("prompt_ids", "chosen_ids", "rejected_ids")
        table = datasets.Dataset.from_list([{name: list(ids) for name, ids in zip(names, rows, strict=True)}])
        return reference.file_of(job(place, "x", **{"adapter": place / "sft"} | changes), spec, [table])

    assert file() == file(seed=3, dpo={"learning_rate": 1e-3, "epochs": 9})
    others = [
        file(rows=((1, 2), (3,), (5,))),
        file(rows=((1,), (2, 3), (4,))),
        file(adapter=None),
        file(dpo={"reference": "base"}),
        file(dpo={"dtype": "bfloat16"}),
        file(dpo={"focus": "lines"}),
        file(lora={"quantization": "nf4"}),
    ]
    assert file(adapter=None) == file(dpo={"reference": "base"})
    assert len({file(), *others}) == len(others)
