import pytest


@pytest.mark.parametrize("tile", [1, 1000, 2**20])
def test_tiles_give_the_likelihoods_and_the_gradient_of_the_whole(monkeypatch, tile):
    import torch

    from codekiln.training.packing import scoring

    monkeypatch.setitem(scoring.TILE, "cpu", tile)
    draw = torch.Generator().manual_seed(0)
    states = torch.randn(17, 8, generator=draw, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(40, 8, generator=draw, dtype=torch.float64)
    targets = torch.randint(40, (17,), generator=draw)
    targets[3] = (states[3] @ weight.t()).argmax()
    slopes = torch.randn(17, generator=draw)

    found, likeliest = scoring.log_likelihoods(states, weight, targets)
    (found * slopes).sum().backward()
    gradient = states.grad.clone()
    states.grad = None
    whole = (states @ weight.t()).log_softmax(-1)
    wanted = whole.gather(1, targets[:, None])[:, 0]
    (wanted * slopes).sum().backward()
    torch.testing.assert_close(found, wanted.float(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradient, states.grad, rtol=1e-5, atol=1e-6)
    assert likeliest.tolist() == (whole.argmax(-1) == targets).tolist()
    assert likeliest[3]
