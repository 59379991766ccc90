"""EvalPlus's problems: HumanEval+ and MBPP+, each tested on inputs where the canonical solution gives what is expected.

Facts from EvalPlus 0.3.1 (``evalplus/evaluate.py``, ``evalplus/eval/__init__.py``): the program is a ``solution``, or
the prompt with a ``completion``; the expected results are those of the prompt with the canonical solution; ``contract``
says which inputs are valid and is used to make inputs, never to evaluate.
"""

import ast
import copy
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from codekiln.data.places import item_name
from codekiln.data.python_text import syntax_tree
from codekiln.data.readers.evalplus_inputs import encode_arguments, mbpp_arguments
from codekiln.data.readers.grouping import group_of
from codekiln.data.records import Comparison, Problem, ReferenceTest
from codekiln.errors import InputError, InputErrors

# evalplus/eval/_special_oracle.py
_HUMANEVAL_COMPARISONS: dict[str, Comparison] = {"find_zero": "polynomial-root"}
_MBPP_COMPARISONS: dict[str, Comparison] = {
    **dict.fromkeys(("check_str", "text_match_three", "text_starta_endb"), "not-none"),
    **dict.fromkeys(
        (
            "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum",
            "intersection_array", "find_dissimilar", "Diff",
        ),
        "same-elements",
    ),
    "are_equivalent": "any-result",
    "sum_div": "equal-or-zero",
    "surface_Area": "pyramid-surface",
    "digit_distance_nums": "digit-distance",
}  # fmt: skip


class EvalPlusRow(BaseModel):
    """One row of HumanEvalPlus.jsonl or MbppPlus.jsonl, or of their Mini and NoExtreme variants."""

    model_config = ConfigDict(extra="ignore", strict=True)

    task_id: str
    prompt: str
    entry_point: str
    canonical_solution: str
    # A problem without inputs has an empty object there.
    base_input: list[list[Any]] | dict[str, Any]
    plus_input: list[list[Any]] | dict[str, Any]
    atol: float = Field(ge=0)


def from_humaneval_plus(row: EvalPlusRow, where: str, show: int) -> Problem:
    """Make a problem of a row of HumanEval+; its prompt shows examples already, so all tests are hidden."""
    return _problem(row, where, _HUMANEVAL_COMPARISONS, "humaneval")


def from_mbpp_plus(row: EvalPlusRow, where: str, show: int) -> Problem:
    """Make a problem of a row of MBPP+; its prompt shows a test already, so all tests are hidden."""
    return _problem(row, where, _MBPP_COMPARISONS, "mbpp")


def _problem(row: EvalPlusRow, where: str, comparisons: dict[str, Comparison], source: str) -> Problem:
    reference = row.prompt + row.canonical_solution
    _refuse_bad_reference(reference, row.entry_point, where)
    tests = [
        ReferenceTest(
            inputs=tuple(_encoded(row, field, where, is_mbpp=source == "mbpp")),
            suite=field.removesuffix("_input"),
            comparison=comparisons.get(row.entry_point, "equal"),
            atol=row.atol,
        )
        for field in ("base_input", "plus_input")
        if getattr(row, field)
    ]
    if not tests:
        raise InputErrors([InputError("has no inputs", where=f"{where}.base_input", fix="remove the row")])
    return Problem(
        task_id=row.task_id,
        prompt=row.prompt,
        entry_point=row.entry_point,
        tests=tuple(tests),
        reference=reference,
        group=group_of(row.prompt),
        source=source,
        licence="Apache-2.0",
    )


def _encoded(row: EvalPlusRow, field: str, where: str, *, is_mbpp: bool) -> Iterator[str]:
    rows = getattr(row, field)
    for number, arguments in enumerate(rows):
        try:
            yield encode_arguments(mbpp_arguments(row.task_id, arguments) if is_mbpp else arguments)
        except (ValueError, TypeError, IndexError) as error:
            what = f"not an input of {row.task_id}: {error}"
            place = f"{where}, {item_name(field, number, rows)}"
            raise InputErrors([InputError(what, where=place, fix="correct the input")]) from None


def _refuse_bad_reference(reference: str, entry_point: str, where: str) -> None:
    """Refuse a reference that is no program or does not define the entry point: it gives the expected results."""
    try:
        body = syntax_tree(reference).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        what, fix = f"with the prompt, not Python: {error}", "correct the row"
    else:
        if any(entry_point in _bound(node) for node in body):
            return
        what, fix = f"does not define {entry_point}", "correct entry_point or the solution"
    raise InputErrors([InputError(what, where=f"{where}.canonical_solution", fix=fix)])


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def origin_test(module: ast.Module, entry_point: str, *, is_mbpp: bool) -> ReferenceTest | None:
    """Return the inputs of a test in EvalPlus's OriginFmt files, or None for a test of another shape.

    Such a test calls the function on each item of a list ``inputs`` and compares the results with NumPy, which is not
    needed to compare them as ``sandbox/inside/reference_comparison.py`` does. The canonical solution of the row gives
    the expected results, as the lists ``results`` in the file were made.
    """
    check = next((node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "check"), None)
    body = check.body if check else module.body
    callee = check.args.args[0].arg if check and check.args.args else entry_point
    atol = _tolerance(body[-1], callee) if body else None
    values = [node.value for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "inputs"]
    if atol is None or len(values) != 1:
        return None
    try:
        inputs = [encode_arguments(arguments) for arguments in _literal(values[0])]
    except (ValueError, TypeError):
        return None
    comparisons = _MBPP_COMPARISONS if is_mbpp else _HUMANEVAL_COMPARISONS
    return ReferenceTest(
        inputs=tuple(inputs), suite="plus", comparison=comparisons.get(entry_point, "equal"), atol=atol
    )


def _tolerance(loop: ast.stmt, callee: str) -> float | None:
    """Return the ``atol`` of the loop that ends a test in OriginFmt, or None when it is another statement."""
    if not isinstance(loop, ast.For) or len(loop.body) != 1 or not ast.unparse(loop.iter).startswith("enumerate("):
        return None
    statement = loop.body[0]
    if ast.unparse(statement) == f"assert _poly(*{callee}(*inp), inp) <= 0.0001":
        return 1e-4
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return None
    call = statement.value
    expected = ("exp", "ref_func(*inp)")
    if (
        len(call.args) == 3
        and ast.unparse(call.func) == "assertion"
        and ast.unparse(call.args[0]) == f"{callee}(*inp)"
        and ast.unparse(call.args[1]) in expected
        and isinstance(call.args[2], ast.Constant)
        and isinstance(call.args[2].value, int | float)
    ):
        return float(call.args[2].value)
    return None


def _literal(node: ast.expr) -> Any:
    """Return the value of a literal; unlike those of ``ast.literal_eval``, it may contain ``inf`` and ``nan``."""
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.literal_eval(_Infinities().visit(copy.deepcopy(node)))


class _Infinities(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:  # noqa: D102
        return ast.Constant(float(node.id)) if node.id in ("inf", "nan") else node
