import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import lock
from tests import trivy

ROOT = Path(__file__).resolve().parents[2]


def locked(name, file="*.lock"):
    pinned = {}
    for path in (ROOT / "images" / name).glob(file):
        for key, entry in lock.entries(path.read_text()).items():
            pinned[key] = Version(entry.split()[0].split("==")[1])
    return pinned


def known():
    entries = lock.entries((ROOT / "requirements.lock").read_text())
    return {key: entry.split("==")[1].strip() for key, entry in entries.items()}


LOCKS = sorted((ROOT / "images").glob("**/*.lock"))


@pytest.mark.parametrize("name", lock.WANTED)
def test_lock_meets_every_direct_requirement(name):
    pinned = locked(name)
    for text in lock.direct(lock.WANTED[name]):
        wanted = Requirement(text)
        assert lock.name_of(wanted.name) in pinned, text
        assert wanted.specifier.contains(pinned[lock.name_of(wanted.name)]), text


@pytest.mark.parametrize("name", ["cpu", "train"])
def test_lock_has_the_versions_that_the_tests_ran_with(name):
    pinned = {key: str(version) for key, version in locked(name).items()}
    assert not {key: (one, known()[key]) for key, one in pinned.items() if known().get(key, one) != one}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_pin_has_a_hash(path):
    if path == ROOT / "images/cpu/torch.lock":
        assert lock.entries(path.read_text()) == {"torch": "torch==2.13.0\n"}
        return
    for entry in lock.entries(path.read_text()).values():
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


def test_cpu_image_has_no_cuda_and_gpu_images_have_all_of_it():
    assert not [key for key in locked("cpu") if lock.CUDA.fullmatch(key) and key != "torch"]
    for name in ("train", "serve"):
        assert {"torch", "triton", "nvidia-nccl-cu13", "nvidia-cudnn-cu13"} <= set(locked(name, "torch.lock"))


def test_all_images_have_one_torch_and_serve_has_its_own_stack():
    torches = {locked(name)["torch"] for name in ("cpu", "train", "serve")}
    assert torches == {Version(known()["torch"])}
    assert "codekiln" not in locked("serve")
    assert not {"trl", "peft", "kfp"} & set(locked("serve"))


def test_cuda_libraries_and_compiler_have_the_runtime_s_minor_version():
    for name in ("train", "serve"):
        pinned = locked(name)
        runtime = pinned["nvidia-cuda-runtime"].release[:2]
        parts = ("nvcc", "nvvm", "crt", "cccl", "nvrtc", "nvjitlink")
        found = {key: version.release[:2] for key, version in pinned.items() if key.split("-")[-1] in parts}
        assert set(found.values()) == {runtime}, found


def test_vllm_in_the_train_image_has_what_serve_has_and_shares_what_the_trainers_have():
    own = locked("train/vllm")
    found = locked("train") | own
    assert {key: version for key, version in locked("serve").items() if found[key] != version} == {}
    assert own["vllm"] == locked("serve")["vllm"]
    assert own["transformers"] < locked("train")["transformers"]
    # Five gigabytes are there once.
    assert not {"torch", "triton", *(key for key in locked("train", "torch.lock") if key.startswith("nvidia-"))} & set(
        own
    )
    assert lock.VLLM.read_text() == lock.vllm_lock()


def test_wanted_names_only_extras_that_exist():
    for image in lock.WANTED.values():
        assert lock.direct(image)


def test_mlflow_server_of_the_chart_has_its_drivers_in_the_cpu_image():
    assert {"mlflow", "psycopg2-binary", "boto3"} <= set(locked("cpu"))


def test_names_are_compared_in_their_normal_form():
    assert lock.name_of("Flask_Cors.x>=1") == "flask-cors-x"


def test_trivy_finds_nothing_high_or_critical(tmp_path):
    done = trivy.scan(ROOT / "images", "--severity=HIGH,CRITICAL", "--exit-code=1", cache=tmp_path)
    assert done.returncode == 0, done.stdout
