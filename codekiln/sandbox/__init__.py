"""Runs untrusted programs against tests: each gets a verdict; none raises an exception here, and none hangs."""

from codekiln.sandbox.limits import Limits
from codekiln.sandbox.pool import Sandbox

__all__ = ["Limits", "Sandbox"]
