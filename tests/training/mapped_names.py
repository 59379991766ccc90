"""``torchrun ... -m tests.training.mapped_names FOLDER``: load a checkpoint with other weight names under ZeRO-3.

Every weight has to be, put together again, the one that FOLDER/plain.safetensors has.
"""

import sys
from pathlib import Path

from codekiln.launch import processes
from codekiln.models import BaseModelSpec
from codekiln.training.deepspeed_config import deepspeed_config, init_distributed


def main(folder: Path) -> None:
    init_distributed("zero3")
    import deepspeed
    import torch
    from safetensors.torch import load_file
    from trl import SFTConfig

    from codekiln.models.loading import load_model

    config = SFTConfig(
        str(folder / "out"), deepspeed=deepspeed_config("zero3"), use_cpu=True, bf16=False, report_to="none"
    )
    assert config.deepspeed
    mapping = {r"^language_model\.model\.": "model."}
    model = load_model(BaseModelSpec(name="mapped", id=str(folder / "mapped"), key_mapping=mapping))
    plain = load_file(folder / "plain.safetensors")
    for name, weight in model.named_parameters():
        assert weight.numel() == 0, f"{name} is not sharded"
        with deepspeed.zero.GatheredParameters([weight]):
            assert torch.equal(weight, plain.pop(name)), name
    assert not plain, sorted(plain)
    print("every weight is there")
    processes.shut_down()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
