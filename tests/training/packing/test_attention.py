import pytest

from codekiln.training.packing.layout import Parts, pack

ROWS = [
    {"prompt_ids": [1] * 70, "chosen_ids": [2] * 90, "rejected_ids": [3] * 40},
    {"prompt_ids": [1] * 5, "chosen_ids": [2] * 3, "rejected_ids": [3] * 120},
]


@pytest.mark.parametrize("window", [None, 16])
def test_the_mask_for_gpus_is_that_of_the_rows(window):
    import torch

    from codekiln.training.packing.attention import block_mask

    packed = pack(ROWS)
    wanted = torch.block_diag(*(part.mask(window).int() for part in packed.parts))
    mask = block_mask(packed, window, torch.zeros(1))
    places = torch.arange(packed.tokens)
    nothing = torch.tensor(0)
    assert mask.mask_mod(nothing, nothing, places[:, None], places[None, :]).int().equal(wanted)
    assert mask.to_dense()[0, 0].tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]


@pytest.mark.parametrize("window", [None, 16])
def test_flex_attention_gives_what_each_row_gives_by_itself(window):
    """What a GPU computes, uncompiled; FlexAttention has no backward pass on a CPU."""
    import torch
    from torch.nn.attention.flex_attention import flex_attention

    from codekiln.training.packing.attention import block_mask, packed_attention

    packed = pack(ROWS)
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, heads, packed.tokens, 8, generator=draw) for heads in (4, 2, 2))
    found, _ = packed_attention(
        torch.nn.Identity(), query, key, value, None, packed_rows=packed, scaling=0.3, sliding_window=window
    )
    wanted = flex_attention(query, key, value, block_mask=block_mask(packed, window, query), scale=0.3, enable_gqa=True)
    torch.testing.assert_close(found, wanted.transpose(1, 2), rtol=1e-5, atol=1e-5)


def test_an_example_within_its_window_needs_no_mask():
    import torch

    from codekiln.training.packing.attention import _row_mask

    assert _row_mask(Parts(3, 4), None, torch.zeros(1)) is None
    assert _row_mask(Parts(3, 4), 7, torch.zeros(1)) is None
    assert _row_mask(Parts(3, 4), 6, torch.zeros(1)).isinf().sum() == 21 + 1
    assert _row_mask(Parts(3, 4, 1), None, torch.zeros(1)) is not None
