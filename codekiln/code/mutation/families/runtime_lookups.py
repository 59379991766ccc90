"""Runtime errors of looking up and dividing: indexes, keys, empty values, zero, and recursion without an end."""

import ast

from codekiln.code.mutation.blocks import shown_line
from codekiln.code.mutation.families.runtime_names import misspelt
from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.scope_analysis import (
    calls,
    comparisons,
    divisors,
    removals,
    special_cases,
    tests_for_empty,
)
from codekiln.code.mutation.source import SourceCode
from codekiln.code.syntax import Function, variables_in

_INDEX = ("index", "range", "last", "element", "end", "position", "bounds", "too far")
_KEY = ("key", "dictionary", "dict")
_ZERO = ("zero", "division", "divide", "divides", "divisor", "modulo", "remainder")


def _length_of(node: ast.expr) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)]):
            return name
    return None


@family("runtime", "PD4CS", "CSTeachingTips", keywords=(*_INDEX, "off-by-one"))
def loop_past_end(source: SourceCode) -> Edits:
    """A loop over the indexes of a list goes one too far."""
    for node, _ in calls(source, "range"):
        stop = node.args[min(1, len(node.args) - 1)] if node.args else None
        if stop and (name := _length_of(stop)):
            why = f"The range goes one too far, so the last index does not exist in `{name}`."
            yield TextEdit(source.after(stop), " + 1", f"the range up to `len({name}) + 1`", why)
        elif isinstance(stop, ast.BinOp) and isinstance(stop.op, ast.Sub) and (name := _length_of(stop.left)):
            code, span = source.code(stop.right), (source.enclosed(stop.left)[1], source.end(stop))
            effect = f"an index does not exist in `{name}`"
            why = f"The range goes too far, because `- {code}` is missing, so {effect}."
            yield TextEdit(span, "", f"the range up to `len({name})`", why)


@family("runtime", "CSTeachingTips", "PD4CS", keywords=(*_INDEX, "comparison", "<=", "length"))
def condition_past_end(source: SourceCode) -> Edits:
    """A condition lets an index reach the length of a list: `<=` for `<`."""
    for node, _, right, span in comparisons(source):
        name = _length_of(right)
        if name and right is node.comparators[-1] and isinstance(node.ops[-1], ast.Lt):
            effect = "the index goes past the last element"
            why = f"The comparison with `len({name})` uses `<=` where `<` is needed, so {effect}."
            yield TextEdit(span, "<=", "the comparison `<=`", why)


@family("runtime", "PD4CS", "CSTeachingTips", keywords=_INDEX)
def last_index(source: SourceCode) -> Edits:
    """The last element is looked up at the length of the list."""
    for node in source.each(ast.Subscript):
        code, last = source.code(node.value), source.code(node.slice).replace(" ", "")
        if isinstance(node.value, ast.Name) and last in ("-1", f"len({code})-1"):
            wrong = f"len({code})"
            why = f"The index `{wrong}` is past the end, because indexes start at 0."
            yield TextEdit(source.span(node.slice), wrong, f"the index `{wrong}`", why)


@family("runtime", "PD4CS", keywords=(*_INDEX, "off-by-one"))
def next_index(source: SourceCode) -> Edits:
    """An index is one too high."""
    for node in source.each(ast.Subscript):
        index = node.slice
        if isinstance(index, ast.Name) and index.id in _index_names(source):
            span, text, wrong = source.after(index), " + 1", f"{source.code(index)} + 1"
        elif isinstance(index, ast.BinOp) and isinstance(index.op, ast.Sub) and source.code(index.right) == "1":
            span, text, wrong = (source.enclosed(index.left)[1], source.end(index)), "", source.code(index.left)
        else:
            continue
        why = (
            f"The index `{wrong}` is one too high, so it goes past the end of `{shown_line(source.code(node.value))}`."
        )
        yield TextEdit(span, text, f"the index `{wrong}`", why)


def _index_names(source: SourceCode) -> set[str]:
    """Return the variables of loops over all indexes of something."""
    return {
        parent.target.id
        for node, _ in calls(source, "range")
        if node.args and _length_of(node.args[-1])
        if isinstance(parent := source.parents[node], ast.For | ast.comprehension)
        if isinstance(parent.target, ast.Name)
    }


@family("runtime", "Mueller", "Endres", keywords=(*_KEY, "misspelt", "misspelled"))
def wrong_key(source: SourceCode) -> Edits:
    """A dictionary is asked for a key that is misspelt."""
    for node in source.each(ast.Subscript):
        key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and isinstance(node.ctx, ast.Load):
            wrong = misspelt(key.value, ()) or key.value.swapcase()
            # The text is that of the value with its quotation marks: nothing is escaped.
            if wrong != key.value and len(source.code(key)) == len(key.value) + 2:
                span = source.start(key) + 1, source.end(key) - 1
                why = f"The key `{wrong}` is misspelt, so the dictionary has no such key."
                yield TextEdit(span, wrong, f"the key `{wrong}`", why, (wrong.lower(),))


@family("runtime", "Endres", keywords=(*_KEY, "missing", "default", "get"))
def key_without_default(source: SourceCode) -> Edits:
    """A key that may be missing is looked up without a default value."""
    for node in source.each(ast.Call):
        match node:
            case ast.Call(func=ast.Attribute(value=value, attr="get" | "setdefault"), args=[key, *_], keywords=[]):
                code = f"{source.code(value)}[{source.code(key)}]"
                why = f"The look-up `{code}` fails for a key that is not in the dictionary yet."
                yield TextEdit(source.span(node), code, f"the look-up `{code}`", why)


@family("runtime", "Alzahrani 2021", "Deng 2013", keywords=(*_KEY, "check", "missing"))
def unchecked_key(source: SourceCode) -> Edits:
    """The statement that puts a new key into a dictionary before it is used is missing."""
    for node, (span, _) in removals(source, ast.If):
        match node:
            case ast.If(test=ast.Compare(ops=[ast.NotIn()], comparators=[ast.Name(id=name)]), orelse=[]):
                if any(isinstance(child, ast.Subscript) for child in ast.walk(node)):
                    code = shown_line(source.code(node.test))
                    why = f"The check `{code}` is missing, so a key is used that `{name}` does not have yet."
                    yield TextEdit(span, "", f"the missing check `{code}`", why)


@family("runtime", "King 1991", "MutPy", keywords=_ZERO)
def zero_divisor(source: SourceCode) -> Edits:
    """A calculation divides by the constant zero."""
    for node in source.each(ast.BinOp):
        match node:
            case ast.BinOp(op=ast.Div() | ast.FloorDiv() | ast.Mod(), right=ast.Constant(value=int() | float())):
                code = source.code(node.right)
                # After a text ``%`` formats.
                if code != "0" and not _is_text(node.left):
                    why = f"The calculation divides by `0` where the divisor must be `{code}`."
                    yield TextEdit(source.span(node.right), "0", "the divisor `0`", why)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))


@family("runtime", "PD4CS", "Alzahrani 2021", keywords=(*_ZERO, "range", "start", "starts"))
def divisor_from_zero(source: SourceCode) -> Edits:
    """A loop over divisors starts with zero."""
    divided_by = divisors(source)
    for node, _ in calls(source, "range"):
        parent = source.parents[node]
        if not isinstance(parent, ast.For | ast.comprehension) or not variables_in(parent.target) & divided_by:
            continue
        match node.args:
            case [ast.Constant(value=1 | 2) as start, _, *_]:
                name = min(variables_in(parent.target))
                why = f"The range for `{name}` starts with 0, so the first division is by zero."
                yield TextEdit(source.span(start), "0", f"the start of the range for `{name}`", why)


@family("runtime", "Alzahrani 2021", "Deng 2013", keywords=("empty", "zero", "check", "missing", "case"))
def unguarded_empty(source: SourceCode) -> Edits:
    """The check for an empty value or for zero at the start of a function is missing."""
    for node, _, function, span in special_cases(source):
        # In a recursive function it is the base case, which has a family of its own.
        if tests_for_empty(node.test) and not _calls_itself(function):
            code = shown_line(source.code(node.test))
            why = f"The check `{code}` is missing, so the function fails when there is nothing to work on."
            yield TextEdit(span, "", f"the missing check `{code}`", why)


def _calls_itself(function: Function) -> bool:
    called = (child.func for child in ast.walk(function) if isinstance(child, ast.Call))
    return any(isinstance(item, ast.Name) and item.id == function.name for item in called)


@family("runtime", "Alzahrani 2021", keywords=("base", "case", "recursion", "recursive", "calls itself", "end"))
def missing_base_case(source: SourceCode) -> Edits:
    """A recursive function lacks the case in which it does not call itself."""
    for node, _, function, span in special_cases(source):
        if _calls_itself(function) and function.name not in variables_in(node):
            code = shown_line(source.code(node.test))
            why = f"The base case `{code}` is missing, so the function calls itself without end."
            yield TextEdit(span, "", f"the missing base case `{code}`", why)
