import pytest

from codekiln.errors import InputError
from codekiln.launch.gpus import GPUS, pool_of


@pytest.mark.parametrize(
    ("text", "count", "gib"),
    [
        ("H100:8", 8, 79.6),
        ("h100", 1, 79.6),
        ("24GiB:2", 2, 24),
        ("47.5 gb", 1, 47.5),
        ("A100-40:4", 4, 40),
        ("a100 40GB", 1, 40),
        ("NVIDIA L40S:2", 2, 44.9),
        ("GeForce RTX 4090", 1, 23.9),
        ("MI300X:8", 8, 191.9),
        ("8xH100", 8, 79.6),
        ("RTX 4090 x 2", 2, 23.9),
        ("NVIDIA A100-SXM4-80GB", 1, 80),
        ("NVIDIA-A100-SXM4-40GB:4", 4, 40),
        ("NVIDIA A100 80GB PCIe", 1, 80),
        ("NVIDIA H100 PCIe", 1, 79.6),
        ("NVIDIA GeForce RTX 4090", 1, 23.9),
        ("NVIDIA RTX A6000", 1, 47.9),
        ("NVIDIA RTX 6000 Ada Generation", 1, 47.9),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 1, 95.5),
        ("AMD Instinct MI300X OAM", 1, 191.9),
    ],
)
def test_a_gpu_is_found_by_name_or_memory(text, count, gib):
    pool, note = pool_of(text)
    assert (pool.nodes, pool.accelerators, pool.accelerator_memory_gib, note) == (1, count, gib, "")


@pytest.mark.parametrize("name", GPUS)
def test_every_name_of_the_table_finds_itself(name):
    assert pool_of(f"{name}:2")[0].accelerator_memory_gib == GPUS[name].gib


def test_a_name_of_several_sizes_says_which_is_meant():
    assert pool_of("A100:1")[1] == "A100 is taken for A100-80, with 80 GiB."
    assert pool_of("H100 80GB")[1] == "H100 80GB is taken for H100, with 79.6 GiB."
    assert pool_of("NVIDIA-H100-80GB-HBM3")[1] == "NVIDIA-H100-80GB-HBM3 is taken for H100, with 79.6 GiB."


@pytest.mark.parametrize("name", ["T4", "Tesla T4", "V100", "Tesla V100-SXM2-32GB"])
def test_a_gpu_without_bfloat16_says_so(name):
    assert "does not compute in bfloat16" in pool_of(name)[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("H10O", "did you mean 'H100'"),
        ("4090Ti", "did you mean"),
        ("0GiB", "there are: A10"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", ""),
    ],
)
def test_an_unknown_gpu_is_refused_with_the_next_name(text, said):
    with pytest.raises(InputError, match="is known") as caught:
        pool_of(text)
    assert said in caught.value.fix
    assert "(or give its memory, such as 24GiB:1)" in caught.value.fix


@pytest.mark.parametrize("text", ["H100:0", "H100:x", "", ":2", "H100:2:3"])
def test_what_is_no_gpu_is_refused(text):
    with pytest.raises(InputError, match="is no GPU"):
        pool_of(text)
