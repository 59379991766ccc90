"""The families of mutations; importing this package registers all of them."""

from codekiln.code.mutation.families import (  # noqa: F401
    logical_branches,
    logical_conditions,
    logical_data,
    logical_loops,
    logical_numbers,
    logical_operators,
    logical_returns,
    logical_statements,
    runtime_calls,
    runtime_lookups,
    runtime_names,
    runtime_types,
    syntax_blocks,
    syntax_brackets,
    syntax_operators,
    syntax_words,
)
