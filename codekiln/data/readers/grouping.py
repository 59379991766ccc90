"""Groups of problems that belong on one side of a split."""

import hashlib
import re


def group_of(text: str) -> str:
    """Return a name that problems with the same words share."""
    words = " ".join(re.findall(r"\w+", text.lower()))
    return hashlib.sha256(words.encode()).hexdigest()[:16]
