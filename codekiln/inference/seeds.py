"""Random seeds of completions."""

import hashlib


def completion_seed(seed: int, prompt: str, copy: int) -> int:
    """Return a 64-bit seed that depends on the run's seed, the rendered prompt and the completion's index alone."""
    return int.from_bytes(hashlib.sha256(f"{seed}\n{copy}\n{prompt}".encode()).digest()[:8])
