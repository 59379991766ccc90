"""Logical errors in conditions: comparisons, and how they are combined."""

import ast
from collections.abc import Iterator
from itertools import pairwise

from codekiln.code.mutation.kinds import Edits, TextEdit, family
from codekiln.code.mutation.replacements import BOUNDARY, EQUAL, IDENTICAL, MEMBER, MIRRORED
from codekiln.code.mutation.scope_analysis import comparisons, in_while_test, is_call
from codekiln.code.mutation.source import SourceCode, Span
from codekiln.code.syntax import COMPREHENSIONS, variables_in

_COMPARISON = ("comparison", "compare", "compares", "operator", "condition")
_NEGATION = ("not", "condition", "negation", "negated", "opposite")


def _wrong(source: SourceCode, replacements: dict[str, str]) -> Iterator[tuple[ast.Compare, str, str, Span]]:
    """Yield each comparison with one of these operators: its node, the operator, its wrong form, and its span."""
    for node, _, _, span in comparisons(source):
        operator = " ".join(source.text[slice(*span)].split())
        if operator in replacements:
            yield node, operator, replacements[operator], span


@family("logical", "CSTeachingTips", "Alzahrani 2021", "track-b", keywords=(*_COMPARISON, "boundary"))
def wrong_boundary(source: SourceCode) -> Edits:
    """A comparison lets the boundary value in or leaves it out: `<` for `<=` and the like."""
    for node, operator, wrong, span in _wrong(source, BOUNDARY):
        # `<=` for `< len(x)` mostly raises: it belongs to the family condition_past_end.
        if operator != "<" or not is_call(node.comparators[-1], "len"):
            effect = "lets the boundary value in" if "=" in wrong else "leaves the boundary value out"
            why = f"The comparison uses `{wrong}` where `{operator}` is needed, so it wrongly {effect}."
            yield TextEdit(span, wrong, f"the comparison `{wrong}`", why, (wrong,))


@family("logical", "BugLab 2021", "Alzahrani 2021", "MutPy", keywords=(*_COMPARISON, "direction"))
def wrong_direction(source: SourceCode) -> Edits:
    """A comparison points the wrong way: `<` for `>` and the like."""
    for node, operator, wrong, span in _wrong(source, MIRRORED):
        if not in_while_test(source, node):
            effect = f"is true for values on the wrong side; it should be `{operator}`"
            why = f"The comparison `{wrong}` points the wrong way, so it {effect}."
            yield TextEdit(span, wrong, f"the comparison `{wrong}`", why, (wrong,))


@family("logical", "track-b", "BugLab 2021", "MutPy", keywords=(*_COMPARISON, "equal", "different"))
def flipped_equality(source: SourceCode) -> Edits:
    """A comparison asks for equal values where it should ask for different ones, or the other way round."""
    for node, _, wrong, span in _wrong(source, EQUAL):
        if not in_while_test(source, node):
            asked, wanted = ("equal", "different") if wrong == "==" else ("different", "equal")
            effect = f"asks with `{wrong}` whether the values are {asked}, but it should be true when they are {wanted}"
            yield TextEdit(span, wrong, f"the comparison `{wrong}`", f"The condition {effect}.", (wrong,))


@family("logical", "track-b", "BugLab 2021", keywords=(*_COMPARISON, "identity"))
def flipped_identity(source: SourceCode) -> Edits:
    """The test `is` stands where `is not` is needed, or the other way round."""
    for _, operator, wrong, span in _wrong(source, IDENTICAL):
        why = f"The condition uses `{wrong}` where `{operator}` is needed, so it is true in exactly the wrong cases."
        yield TextEdit(span, wrong, f"the comparison `{wrong}`", why, (wrong,))


@family("logical", "track-b", "BugLab 2021", keywords=(*_COMPARISON, "membership", "contains"))
def flipped_membership(source: SourceCode) -> Edits:
    """The test `in` stands where `not in` is needed, or the other way round."""
    for _, operator, wrong, span in _wrong(source, MEMBER):
        why = f"The condition uses `{wrong}` where `{operator}` is needed, so it is true in exactly the wrong cases."
        yield TextEdit(span, wrong, f"the membership test `{wrong}`", why, (wrong,))


@family(
    "logical", "Mueller", "track-b", "MutPy", keywords=("and", "or", "operator", "condition", "conditions", "logical")
)
def wrong_connective(source: SourceCode) -> Edits:
    """Conditions are joined by `or` instead of `and`, or the other way round."""
    for node in source.each(ast.BoolOp):
        right, wrong = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        effect = "one of them is enough" if wrong == "or" else "all of them must be true"
        why = f"The conditions are joined by `{wrong}`, so {effect}, where `{right}` is needed."
        for left, following in pairwise(node.values):
            yield TextEdit(source.operator(left, following), wrong, f"the operator `{wrong}`", why)


@family("logical", "Alzahrani 2021", "King 1991", keywords=("condition", "check", "checks", "test", "missing"))
def missing_condition(source: SourceCode) -> Edits:
    """One of several conditions that belong together is missing."""
    for node in source.each(ast.BoolOp):
        word = "and" if isinstance(node.op, ast.And) else "or"
        for index, value in enumerate(node.values):
            # The operator goes with the condition: the one before it, or behind the first condition the one after it.
            start = source.enclosed(node.values[index - 1])[1] if index else source.enclosed(value)[0]
            end = source.enclosed(value)[1] if index else source.enclosed(node.values[1])[0]
            if source.on_one_line(start, end):
                code = source.code(value)
                why = f"The condition lacks the part `{code}`, which must be joined to the rest by `{word}`."
                yield TextEdit((start, end), "", f"the condition `{source.code(node)}`", why)


@family("logical", "track-b", "MutPy", keywords=_NEGATION)
def missing_not(source: SourceCode) -> Edits:
    """A `not` is missing, so that a condition is true in exactly the wrong cases."""
    for node in source.each(ast.UnaryOp):
        if isinstance(node.op, ast.Not) and not in_while_test(source, node):
            start, code = source.start(node), source.code(node.operand)
            after = source.text[start + len("not") :]
            end = start + len("not") + len(after) - len(after.lstrip(" "))
            why = f"The condition `{code}` lacks a `not`, so it is true in exactly the wrong cases."
            yield TextEdit((start, end), "", f"the condition `{code}`", why)


@family("logical", "MutPy", keywords=_NEGATION)
def extra_not(source: SourceCode) -> Edits:
    """A `not` is there that should not be."""
    for node in source.each(ast.If, ast.IfExp):
        if isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            code = source.code(node.test)
            why = f"The condition `not {code}` has a `not` too many, so it is true in exactly the wrong cases."
            yield TextEdit(source.before(node.test), "not ", f"the condition `not {code}`", why)


@family("logical", "SIDE", "Runestone", keywords=("condition", "compared", "comparison", "compare"))
def incomplete_comparison(source: SourceCode) -> Edits:
    """A variable is compared with the first of several values only: `x == 1 or 2`."""
    for node in source.each(ast.BoolOp):
        word = "or" if isinstance(node.op, ast.Or) else "and"
        for first, second in pairwise(node.values):
            value = _other_value(first, second)
            # In brackets the second comparison would lose its opening one.
            if value and source.enclosed(second) == source.span(second):
                code = source.code(value)
                effect = "counts as a condition of its own"
                why = f"The value `{code}` after `{word}` is not compared with anything, so it {effect}."
                span = source.start(second), source.start(value)
                yield TextEdit(span, "", f"the condition `{word} {code}`", why, (word,))


def _other_value(first: ast.expr, second: ast.expr) -> ast.expr | None:
    """Return what the second comparison compares with when it asks the same of the same value as the first."""
    match first, second:
        case ast.Compare(left=left, ops=[operator, *_]), ast.Compare(left=again, ops=[same], comparators=[value]):
            return value if ast.dump(left) == ast.dump(again) and type(operator) is type(same) else None
    return None


@family("logical", "track-b", "MutPy", keywords=("true", "false", "boolean", "value"))
def flipped_truth(source: SourceCode) -> Edits:
    """The values `True` and `False` are confused."""
    for node in source.each(ast.Constant):
        if isinstance(node.value, bool) and not in_while_test(source, node):
            wrong = str(not node.value)
            why = f"The value `{wrong}` stands where `{node.value}` is needed."
            yield TextEdit(source.span(node), wrong, f"the value `{wrong}`", why)


@family(
    "logical", "Alzahrani 2021", "MutPy", keywords=("condition", "filter", "if", "comprehension", "every", "missing")
)
def missing_filter(source: SourceCode) -> Edits:
    """A comprehension takes every element where it should take some."""
    for clause in [clause for node in source.each(*COMPREHENSIONS) for clause in node.generators]:
        if len(clause.ifs) == 1:
            start, end = source.enclosed(clause.iter)[1], source.enclosed(clause.ifs[0])[1]
            target, code = source.code(clause.target), source.code(clause.ifs[0])
            if source.on_one_line(start, end) and variables_in(clause.ifs[0]):
                why = f"The condition `{code}` is missing, so every `{target}` is taken."
                yield TextEdit((start, end), "", f"the comprehension over `{source.code(clause.iter)}`", why)
