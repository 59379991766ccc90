"""Runs untrusted programs against tests: a verdict, never an exception, and never a hang."""

from codekiln.sandbox.limits import Limits
from codekiln.sandbox.pool import Sandbox

__all__ = ["Limits", "Sandbox"]
