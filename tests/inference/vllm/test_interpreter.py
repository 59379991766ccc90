import sys
from pathlib import Path

import pytest

from codekiln.errors import InputError
from codekiln.inference import engines
from codekiln.inference.vllm import interpreter
from tests.inference.vllm.stand_in import script


@pytest.fixture(autouse=True)
def nowhere(monkeypatch):
    monkeypatch.delenv("CODEKILN_VLLM_PYTHON", raising=False)
    monkeypatch.setattr(interpreter, "PLACES", ())


def test_the_variable_comes_before_the_image_and_the_image_before_the_checkout(tmp_path, monkeypatch):
    named, image, checkout = (script(tmp_path / name, "") for name in ("named", "image", "checkout"))
    monkeypatch.setattr(interpreter, "PLACES", (image, checkout))
    assert interpreter.find() == image
    image.unlink()
    assert interpreter.find() == checkout
    monkeypatch.setenv("CODEKILN_VLLM_PYTHON", str(named))
    assert interpreter.find() == named


def test_this_interpreter_is_taken_where_it_has_vllm_itself(monkeypatch):
    monkeypatch.setattr(interpreter.importlib.util, "find_spec", lambda name: name == "vllm" or None)
    assert interpreter.find() == Path(sys.executable)


def test_without_one_the_error_says_how_to_get_it(monkeypatch, tmp_path):
    with pytest.raises(InputError, match=r"not installed(.|\n)*make vllm"):
        interpreter.find()
    with pytest.raises(InputError, match="not installed"):
        engines.choose("vllm")
    monkeypatch.setenv("CODEKILN_VLLM_PYTHON", str(tmp_path / "missing"))
    with pytest.raises(InputError, match="no program that can be run"):
        interpreter.find()


@pytest.mark.parametrize(("gpu", "engine"), [(True, "vllm"), (False, "transformers")])
def test_auto_is_vllm_where_it_is_installed_and_there_is_a_gpu(tmp_path, monkeypatch, gpu, engine):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    assert engines.choose("auto") == ("transformers", "vLLM is not installed here")
    monkeypatch.setattr(interpreter, "PLACES", (script(tmp_path / "python", ""),))
    assert engines.choose("auto")[0] == engine
    assert engines.choose("vllm")[0] == "vllm"
    assert engines.choose("transformers")[0] == "transformers"
