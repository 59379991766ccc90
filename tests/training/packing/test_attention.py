import pytest

from codekiln.training.packing.layout import Parts, pack

ROWS = [
    {"prompt_ids": [1] * 70, "chosen_ids": [2] * 90, "rejected_ids": [3] * 40},
    {"prompt_ids": [1] * 5, "chosen_ids": [2] * 3, "rejected_ids": [3] * 120},
]


@pytest.mark.parametrize("window", [None, 16])
def test_attention_is_that_of_one_sequence_with_a_mask(window):
    import torch
    from torch.nn.attention.flex_attention import create_block_mask, flex_attention

    from codekiln.training.packing.attention import packed_attention

    packed = pack(ROWS)
    seen = torch.block_diag(*(part.mask(window).int() for part in packed.parts)).bool()
    mask = create_block_mask(lambda batch, head, q, k: seen[q, k], None, None, *seen.shape, device="cpu")
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, heads, packed.tokens, 8, generator=draw) for heads in (4, 2, 2))
    found, _ = packed_attention(
        torch.nn.Identity(), query, key, value, None, packed_rows=packed, scaling=0.3, sliding_window=window
    )
    wanted = flex_attention(query, key, value, block_mask=mask, scale=0.3, enable_gqa=True)
    torch.testing.assert_close(found, wanted.transpose(1, 2), rtol=1e-5, atol=1e-5)


def test_an_example_within_its_window_needs_no_mask():
    import torch

    from codekiln.training.packing.attention import _row_mask

    assert _row_mask(Parts(3, 4), None, torch.zeros(1)) is None
    assert _row_mask(Parts(3, 4), 7, torch.zeros(1)) is None
    assert _row_mask(Parts(3, 4), 6, torch.zeros(1)).isinf().sum() == 21 + 1
    assert _row_mask(Parts(3, 4, 1), None, torch.zeros(1)) is not None
