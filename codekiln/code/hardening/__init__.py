"""Mutation-hardened tests: problems get inputs that tell mutants of their reference from it.

A mutant is the reference with one error. One that passes the tests of its problem shows an error that these tests do
not see (DeMillo, Lipton and Sayward, 1978, "Hints on test data selection").
"""

from codekiln.code.hardening.engine import Options, Outcome
from codekiln.code.hardening.files import harden_file
from codekiln.code.hardening.summary import summary_text

__all__ = ["Options", "Outcome", "harden_file", "summary_text"]
