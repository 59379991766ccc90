"""Whether a ``forbidden`` of the API server is final: one that has just started forbids what it allows soon after."""

import re
import time

FORBIDDEN = 403
_BY_RBAC = re.compile(r"\bcannot [a-z]+ (resource|path)\b")
# A refusal that is older says nothing about the next one: the API server may have started again.
_FORGET_SECONDS = 120.0


class ForbiddenCalls:
    """Remembers since when each call has been forbidden without a success in between.

    A restarted API server answers before it has loaded its roles, for about a quarter of a second. No caller can know
    that it has just started, or that another replica answers now; so each refusal by RBAC is provisional at first.

    Args:
        seconds: Time for which a call has to be forbidden until that is final.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._since: dict[tuple[str, str], tuple[float, float]] = {}

    def succeeded(self, method: str, path: str) -> None:
        """Note that a call was allowed."""
        self._since.pop((method, path), None)

    def is_final(self, method: str, path: str, message: str) -> bool:
        """Note that a call was refused with status 403; returns whether repeating it is no use."""
        if not _BY_RBAC.search(message):
            # A quota or an admission plugin, which know what they say.
            return True
        now = time.monotonic()
        first, last = self._since.get((method, path), (now, now))
        if now - last > _FORGET_SECONDS:
            first = now
        self._since[method, path] = first, now
        return now - first >= self.seconds
