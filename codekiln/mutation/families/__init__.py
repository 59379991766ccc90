"""The families of mutations; importing this package registers all of them."""

from codekiln.mutation.families import logical_conditions, runtime_names, syntax_blocks, syntax_brackets

__all__ = ["logical_conditions", "runtime_names", "syntax_blocks", "syntax_brackets"]
