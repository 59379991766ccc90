"""GPUs by name, so that a training can be planned where no cluster is."""

import re
from typing import NamedTuple

from codekiln.errors import InputError, did_you_mean
from codekiln.launch.pools import Pool


class Gpu(NamedTuple):
    """A kind of GPU.

    Attributes:
        gib: The memory that its driver reports, in GiB, rounded down.
        has_bfloat16: Whether it computes in bfloat16, which training uses on GPUs.
    """

    gib: float
    has_bfloat16: bool = True


# As nvidia-smi and rocm-smi report them, with ECC on where it is on by default: less than the name says.
GPUS: dict[str, Gpu] = {
    "T4": Gpu(15, False),
    "V100-16": Gpu(15.7, False),
    "V100-32": Gpu(31.7, False),
    "RTX3060": Gpu(12),
    "RTX3090": Gpu(24),
    "RTX4080": Gpu(15.9),
    "RTX4090": Gpu(23.9),
    "RTX5090": Gpu(31.8),
    "A10": Gpu(22.4),
    "A10G": Gpu(22.4),
    "L4": Gpu(22.4),
    "A40": Gpu(44.9),
    "L40": Gpu(44.9),
    "L40S": Gpu(44.9),
    "A6000": Gpu(47.9),
    "RTX6000-Ada": Gpu(47.9),
    "RTXPRO6000": Gpu(95.5),
    "A100-40": Gpu(40),
    "A100-80": Gpu(80),
    "H100": Gpu(79.6),
    "H100-NVL": Gpu(93.5),
    "GH200": Gpu(95.5),
    "H200": Gpu(140.4),
    "B200": Gpu(179),
    "MI250X": Gpu(64),
    "MI300X": Gpu(191.9),
}
_ALIASES = {"A100": "A100-80", "V100": "V100-16", "H100-80": "H100"}
# What drivers and labels of nodes write around a name: "NVIDIA A100-SXM4-80GB", "NVIDIA-H100-80GB-HBM3".
_WORDS = re.compile(
    r"NVIDIA|AMD|INSTINCT|GEFORCE|TESLA|QUADRO|GENERATION|BLACKWELL|SERVER|WORKSTATION|EDITION|PCIE|OAM|SXM\d*|HBM\w*"
)
_COUNTED = re.compile(
    r"(?P<before>[1-9]\d?)\s*[x×]\s*(?P<name>[A-Za-z].*)|(?P<named>.+?)\s+[x×]\s*(?P<behind>[1-9]\d?)"
)
_NO_BFLOAT16 = " does not compute in bfloat16, so training on it is several times slower."


def pool_of(text: str) -> tuple[Pool, str]:
    """Return a pool of one node for ``NAME:COUNT`` or ``MEMORY:COUNT``, such as H100:8 or 24GiB:2, and a note on it.

    Raises:
        InputError: It is neither, or no GPU of that name is known.
    """
    if counted := _COUNTED.fullmatch(text.strip()):  # 8xH100, H100 x 8
        text = f"{counted['name'] or counted['named']}:{counted['before'] or counted['behind']}"
    found = re.fullmatch(r"(?P<name>[^:]+)(?::(?P<count>[1-9]\d?))?", text.strip())
    if not found:
        raise InputError(
            f"'{text}' is no GPU", where="--gpu", fix="write NAME:COUNT, such as H100:8, or MEMORY:COUNT: 24GiB:2"
        )
    gpu, note = _gpu_of(found["name"].strip())
    return Pool(image="none", accelerators=int(found["count"] or 1), accelerator_memory_gib=gpu.gib), note


def _gpu_of(name: str) -> tuple[Gpu, str]:
    if (memory := re.fullmatch(r"(\d+(?:\.\d+)?)\s*Gi?B?", name, re.IGNORECASE)) and float(memory[1]):
        return Gpu(float(memory[1])), ""
    names = {_key(known): known for known in GPUS} | {_key(known): chosen for known, chosen in _ALIASES.items()}
    if (key := _key(name)) not in names:
        fix = f"{did_you_mean(name.upper(), GPUS)} (or give its memory, such as 24GiB:1)"
        raise InputError(f"no GPU '{name}' is known", where="--gpu", fix=fix)
    chosen = names[key]
    # An alias stands for one of several sizes.
    note = f"{name} is taken for {chosen}, with {GPUS[chosen].gib:g} GiB." if _key(chosen) != key else ""
    return GPUS[chosen], note + ("" if GPUS[chosen].has_bfloat16 else f" {chosen}{_NO_BFLOAT16}")


def _key(name: str) -> str:
    words = re.findall(r"[A-Z0-9]+", name.upper())
    key = re.sub(r"^RTX(?=A\d)", "", "".join(word for word in words if not _WORDS.fullmatch(word)))
    return key.removesuffix("GB") if re.search(r"\d{4,}GB$", key) else key
