"""The unbiased estimator of pass@k."""

import math

from codekiln.errors import InputError


def pass_at_k(n: int, correct: int, k: int) -> float:
    """Return the chance that at least one of ``k`` samples drawn from ``n``, ``correct`` of them right, is right.

    ``1 - C(n - correct, k) / C(n, k)``, unbiased for k independent samples (Chen et al. 2021, arXiv 2107.03374).

    Raises:
        InputError: Fewer than ``k`` samples.
        ValueError: Counts that cannot be.
    """
    if not 1 <= k <= n:
        raise InputError(
            f"pass@{k} needs at least {max(k, 1)} samples a problem, there are {n}", fix="sample more, or lower k"
        )
    if not 0 <= correct <= n:
        raise ValueError(f"{correct} correct of {n} samples cannot be")
    return 1.0 - math.comb(n - correct, k) / math.comb(n, k)
