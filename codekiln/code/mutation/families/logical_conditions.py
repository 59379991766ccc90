"""Logical errors in conditions: comparisons, and how they are combined."""

import ast
from collections.abc import Iterator

from codekiln.code.mutation.kinds import Edit, family
from codekiln.code.mutation.scope_analysis import in_while_test, names
from codekiln.code.mutation.source import Source

_BOUNDARY = {"<=": "<", ">=": ">", "<": "<=", ">": ">="}
_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_EQUAL = {"==": "!=", "!=": "=="}
_IDENTICAL = {"is not": "is", "is": "is not"}
_MEMBER = {"not in": "in", "in": "not in"}
_WORDS = ("comparison", "compare", "compares", "operator", "condition")


def _comparisons(source: Source, wrong: dict[str, str]) -> Iterator[tuple[ast.Compare, str, str, tuple[int, int]]]:
    """Yield each comparison with one of these operators: its node, the operator, its wrong form, and its span."""
    for node in source.each(ast.Compare):
        for left, right in zip([node.left, *node.comparators], node.comparators, strict=False):
            start, end = source.operator(left, right)
            operator = " ".join(source.text[start:end].split())
            if operator in wrong:
                yield node, operator, wrong[operator], (start, end)


def _length(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len"


@family("logical")
def wrong_boundary(source: Source) -> Iterator[Edit]:
    """A comparison lets the boundary value in or leaves it out: `<` for `<=` and the like.

    Source: CSTeachingTips; Alzahrani 2021; track-b.
    """
    for node, operator, wrong, span in _comparisons(source, _BOUNDARY):
        past_end = operator == "<" and _length(node.comparators[-1])
        if not past_end:
            effect = "lets the boundary value in" if "=" in wrong else "leaves the boundary value out"
            yield Edit(
                *span,
                wrong,
                f"the comparison `{wrong}`",
                f"The comparison uses `{wrong}` where `{operator}` is needed, so it wrongly {effect}.",
                (*_WORDS, "boundary", wrong),
            )


@family("logical")
def wrong_direction(source: Source) -> Iterator[Edit]:
    """A comparison points the wrong way: `<` for `>` and the like.

    Source: BugLab 2021; Alzahrani 2021; MutPy.
    """
    for node, operator, wrong, span in _comparisons(source, _MIRRORED):
        if not in_while_test(source, node):
            yield Edit(
                *span,
                wrong,
                f"the comparison `{wrong}`",
                f"The comparison `{wrong}` points the wrong way, so it is true for values on the wrong side; "
                f"it should be `{operator}`.",
                (*_WORDS, "direction", wrong),
            )


@family("logical")
def flipped_equality(source: Source) -> Iterator[Edit]:
    """A comparison asks for equal values where it should ask for different ones, or the other way round.

    Source: track-b; BugLab 2021; MutPy.
    """
    for node, _, wrong, span in _comparisons(source, _EQUAL):
        if not in_while_test(source, node):
            asked, wanted = ("equal", "different") if wrong == "==" else ("different", "equal")
            yield Edit(
                *span,
                wrong,
                f"the comparison `{wrong}`",
                f"The condition asks with `{wrong}` whether the values are {asked}, but it should be true when "
                f"they are {wanted}.",
                (*_WORDS, "equal", "different", wrong),
            )


@family("logical")
def flipped_identity(source: Source) -> Iterator[Edit]:
    """The test `is` stands where `is not` is needed, or the other way round.

    Source: track-b; BugLab 2021.
    """
    for _, operator, wrong, span in _comparisons(source, _IDENTICAL):
        yield Edit(
            *span,
            wrong,
            f"the comparison `{wrong}`",
            f"The condition uses `{wrong}` where `{operator}` is needed, so it is true in exactly the wrong cases.",
            (*_WORDS, "identity", wrong),
        )


@family("logical")
def flipped_membership(source: Source) -> Iterator[Edit]:
    """The test `in` stands where `not in` is needed, or the other way round.

    Source: track-b; BugLab 2021.
    """
    for _, operator, wrong, span in _comparisons(source, _MEMBER):
        yield Edit(
            *span,
            wrong,
            f"the membership test `{wrong}`",
            f"The condition uses `{wrong}` where `{operator}` is needed, so it is true in exactly the wrong cases.",
            (*_WORDS, "membership", "contains", wrong),
        )


@family("logical")
def wrong_connective(source: Source) -> Iterator[Edit]:
    """Conditions are joined by `or` instead of `and`, or the other way round.

    Source: Mueller; track-b; MutPy.
    """
    for node in source.each(ast.BoolOp):
        right, wrong = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        effect = "one of them is enough" if wrong == "or" else "all of them must be true"
        for left, following in zip(node.values, node.values[1:], strict=False):
            yield Edit(
                *source.operator(left, following),
                wrong,
                f"the operator `{wrong}`",
                f"The conditions are joined by `{wrong}`, so {effect}, where `{right}` is needed.",
                ("and", "or", "operator", "condition", "conditions", "logical"),
            )


@family("logical")
def missing_condition(source: Source) -> Iterator[Edit]:
    """One of several conditions that belong together is missing.

    Source: Alzahrani 2021; King 1991.
    """
    for node in source.each(ast.BoolOp):
        word = "and" if isinstance(node.op, ast.And) else "or"
        for index, value in enumerate(node.values):
            before, after = index and node.values[index - 1], (*node.values, None)[index + 1]
            start = source.enclosed(before)[1] if index else source.enclosed(value)[0]
            end = source.enclosed(value)[1] if index else source.enclosed(after)[0]
            code = source.code(value)
            if "\n" not in source.text[start:end]:
                yield Edit(
                    start,
                    end,
                    "",
                    f"the condition `{source.code(node)}`",
                    f"The condition lacks the part `{code}`, which must be joined to the rest by `{word}`.",
                    ("condition", "check", "checks", "test", "missing"),
                )


@family("logical")
def missing_not(source: Source) -> Iterator[Edit]:
    """A `not` is missing, so that a condition is true in exactly the wrong cases.

    Source: track-b; MutPy.
    """
    for node in source.each(ast.UnaryOp):
        if isinstance(node.op, ast.Not) and not in_while_test(source, node):
            code = source.code(node.operand)
            yield Edit(
                source.span(node)[0],
                source.span(node)[0] + len("not") + _space(source, node),
                "",
                f"the condition `{code}`",
                f"The condition `{code}` lacks a `not`, so it is true in exactly the wrong cases.",
                ("not", "condition", "negation", "negated", "opposite"),
            )


def _space(source: Source, node: ast.UnaryOp) -> int:
    after = source.text[source.span(node)[0] + len("not") :]
    return len(after) - len(after.lstrip(" "))


@family("logical")
def extra_not(source: Source) -> Iterator[Edit]:
    """A `not` is there that should not be.

    Source: MutPy.
    """
    tests = [node.test for node in source.each(ast.If, ast.IfExp)]
    for test in tests:
        if isinstance(test, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            start, code = source.span(test)[0], source.code(test)
            yield Edit(
                start,
                start,
                "not ",
                f"the condition `not {code}`",
                f"The condition `not {code}` has a `not` too many, so it is true in exactly the wrong cases.",
                ("not", "condition", "negation", "negated", "opposite"),
            )


@family("logical")
def incomplete_comparison(source: Source) -> Iterator[Edit]:
    """A variable is compared with the first of several values only: `x == 1 or 2`.

    Source: SIDE; Runestone.
    """
    for node in source.each(ast.BoolOp):
        for first, second in zip(node.values, node.values[1:], strict=False):
            if _same_question(first, second):
                start, (right, end) = source.span(second)[0], source.span(second.comparators[0])
                word, code = ("and", "or")[isinstance(node.op, ast.Or)], source.text[right:end]
                if source.enclosed(second) == source.span(second):
                    yield Edit(
                        start,
                        right,
                        "",
                        f"the condition `{word} {code}`",
                        f"The value `{code}` after `{word}` is not compared with anything, so it counts as a condition "
                        f"of its own.",
                        ("condition", "compared", "comparison", "compare", word),
                    )


def _same_question(first: ast.expr, second: ast.expr) -> bool:
    both = isinstance(first, ast.Compare) and isinstance(second, ast.Compare) and len(second.ops) == 1
    return both and ast.dump(first.left) == ast.dump(second.left) and type(first.ops[0]) is type(second.ops[0])


@family("logical")
def flipped_truth(source: Source) -> Iterator[Edit]:
    """The values `True` and `False` are confused.

    Source: track-b; MutPy.
    """
    for node in source.each(ast.Constant):
        if isinstance(node.value, bool) and not in_while_test(source, node):
            wrong = str(not node.value)
            yield Edit(
                *source.span(node),
                wrong,
                f"the value `{wrong}`",
                f"The value `{wrong}` stands where `{node.value}` is needed.",
                ("true", "false", "boolean", "value"),
            )


@family("logical")
def missing_filter(source: Source) -> Iterator[Edit]:
    """A comprehension takes every element where it should take some.

    Source: Alzahrani 2021; MutPy.
    """
    for node in source.each(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp):
        for clause in node.generators:
            if len(clause.ifs) == 1:
                start, end = source.enclosed(clause.iter)[1], source.enclosed(clause.ifs[0])[1]
                target, code = source.code(clause.target), source.code(clause.ifs[0])
                if "\n" not in source.text[start:end] and names(clause.ifs[0]):
                    yield Edit(
                        start,
                        end,
                        "",
                        f"the comprehension over `{source.code(clause.iter)}`",
                        f"The comprehension takes every `{target}`, because the condition `{code}` is missing.",
                        ("condition", "filter", "if", "comprehension", "every", "missing"),
                    )
