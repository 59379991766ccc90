"""Splits a problem's tests into steps for the program's process and checks for the controller.

``assert f(1) == 2`` becomes the step ``f(1)`` in the program's process and the check ``_0 == 2`` in the controller, so
that no expected value ever enters the program's process. A test that cannot be split (loops, statements, comparisons
inside a comprehension) runs in the program's process as a block; ``ExecutionPlan.in_process`` counts those.
"""

import ast
import dataclasses
import marshal
from types import CodeType
from typing import TYPE_CHECKING, Any, Literal

from codekiln.data.records import CallTest, DoctestTest, Problem, StdinTest
from codekiln.errors import InputError
from codekiln.sandbox import trusted
from codekiln.sandbox.inside.messages import JobMessage, LimitValues, Step

if TYPE_CHECKING:
    import doctest


@dataclasses.dataclass(frozen=True)
class PlannedTest:
    """One test: the steps of the program's process, and the checks of their results.

    Attributes:
        text: The test as people read it.
        first: Index of its first step among all steps of the plan.
        steps: Kind and code of each step.
        checks: Expressions over the results ``_0``, ``_1`` ...; without any, the first result decides.
        examples: Of a doctest, whose printed text is compared instead.
    """

    text: str
    first: int
    steps: tuple[Step, ...]
    checks: tuple[CodeType, ...] = ()
    examples: "tuple[doctest.Example, ...]" = ()


@dataclasses.dataclass(frozen=True)
class ExecutionPlan:
    """The steps of a run of a program, and the checks of their results; made once per problem.

    Attributes:
        setup: Code to execute after the program and before the steps.
        tests: Tests of calls.
        scripts: Tests on standard input, each of which runs the program once.
        in_process: Number of tests that are compared in the program's own process.
    """

    setup: CodeType | None
    tests: tuple[PlannedTest, ...]
    scripts: tuple[StdinTest, ...]
    in_process: int

    @property
    def total(self) -> int:
        """Return the number of tests."""
        return len(self.tests) + len(self.scripts)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Return the steps of all tests, in order."""
        return tuple(step for test in self.tests for step in test.steps)


def plan_tests(problem: Problem) -> ExecutionPlan:
    """Return the plan of a problem's hidden tests.

    Raises:
        InputError: A test or the setup is not Python.
    """
    setup = _parse(problem, problem.setup, "setup")
    context = _context(problem, setup)
    tests: list[PlannedTest] = []
    first = 0
    for number, test in enumerate(problem.tests):
        if not isinstance(test, StdinTest):
            tests.append(_plan_test(problem, test, f"tests[{number}]", first, context))
            first += len(tests[-1].steps)
    return ExecutionPlan(
        setup=compile(setup, "<setup>", "exec", dont_inherit=True) if setup.body else None,
        tests=tuple(tests),
        scripts=tuple(test for test in problem.tests if isinstance(test, StdinTest)),
        in_process=sum(any(kind == "block" for kind, _ in test.steps) for test in tests),
    )


@dataclasses.dataclass(frozen=True)
class _Context:
    """Names that a test's setup defines or the program may define, and the modules that the setup imports."""

    shadowed: frozenset[str]
    imports: frozenset[str]


def _context(problem: Problem, setup: ast.Module) -> _Context:
    imports = {
        alias.name for node in setup.body if isinstance(node, ast.Import) for alias in node.names if not alias.asname
    }
    stored = {node.id for node in ast.walk(setup) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    defined = {node.name for node in ast.walk(setup) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return _Context(frozenset(stored | defined | {problem.entry_point or ""}), frozenset(imports))


def _plan_test(
    problem: Problem, test: str | CallTest | DoctestTest, field: str, first: int, context: _Context
) -> PlannedTest:
    if isinstance(test, DoctestTest):
        return _plan_doctest(problem, test, field, first)
    if isinstance(test, CallTest):
        return _plan_call(problem, test, field, first)
    module = _parse(problem, test, field)
    if not module.body:
        raise InputError("an empty test", where=f"{problem.task_id}.{field}", fix="remove it")
    split = _Splitter(context)
    asserts = [node for node in module.body if isinstance(node, ast.Assert)]
    if len(asserts) == len(module.body):
        checks = [split.truth(node.test) for node in asserts]
        if not split.leaky:
            return PlannedTest(test, first, tuple(split.steps), tuple(_compile(check) for check in checks))
    block = compile(test.replace("\r\n", "\n"), "<test>", "exec", dont_inherit=True)
    return PlannedTest(test, first, (("block", block),))


def _plan_call(problem: Problem, test: CallTest, field: str, first: int) -> PlannedTest:
    if not problem.entry_point:
        raise InputError(
            "a call test needs the name of the function to call",
            where=f"{problem.task_id}.{field}", fix="set entry_point, or write the test as an assert",
        )  # fmt: skip
    call = f"{problem.entry_point}({', '.join(map(literal, test.call))})"
    source = ast.parse(f"_0 == ({literal(test.expect)})", mode="eval")
    return PlannedTest(
        f"{call} == {test.expect!r}",
        first,
        (("value", _compile(ast.parse(call, mode="eval").body)),),
        (_compile(source.body),),
    )


def _plan_doctest(problem: Problem, test: DoctestTest, field: str, first: int) -> PlannedTest:
    import doctest  # slow to import, and rarely needed

    try:
        examples = doctest.DocTestParser().get_examples(test.doctest)
        codes = [compile(example.source, "<doctest>", "single", dont_inherit=True) for example in examples]
    except (ValueError, SyntaxError) as error:
        raise InputError(
            f"not a doctest: {error}", where=f"{problem.task_id}.{field}", fix="correct the test"
        ) from error
    if not examples:
        raise InputError(
            "a doctest without examples", where=f"{problem.task_id}.{field}", fix="start examples with '>>> '"
        )
    return PlannedTest(test.doctest, first, tuple(("example", code) for code in codes), examples=tuple(examples))


def literal(value: object) -> str:
    """Return Python source for a JSON value, infinities and nan included."""
    # repr() gives names for these, which a test's program may redefine.
    if isinstance(value, float) and value != value:
        return "(1e999 - 1e999)"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "1e999" if value > 0 else "-1e999"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {literal(item)}" for key, item in value.items()) + "}"
    return repr(value)


class _Splitter:
    """Splits expressions into steps for the program's process and a remainder that the controller evaluates.

    ``leaky`` is true once a step would contain a comparison, and with it perhaps an expected value.
    """

    def __init__(self, context: _Context) -> None:
        self._context = context
        self.steps: list[Step] = []
        self.leaky = False

    def truth(self, node: ast.expr) -> ast.expr:
        """Split an expression of which only the truth counts: an object that is not plain data has one, too."""
        if isinstance(node, ast.BoolOp):
            return ast.BoolOp(node.op, [self.truth(value) for value in node.values])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ast.UnaryOp(node.op, self.truth(node.operand))
        if self._is_remote(node):
            # "not not" makes a bool, which can be sent, of any object.
            return self._step(ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), node)))
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            left, right = node.left, node.comparators[0]
            # Neither side is an expected value: a test compares two results of the program.
            if self._is_remote(left) and self._is_remote(right):
                return self._step(ast.Tuple([left, right], ast.Load()), kind="pair")
        return self._split(node)

    def _split(self, node: ast.expr) -> ast.expr:
        if self._is_remote(node):
            return self._step(node)
        if isinstance(node, ast.Call):
            words = [ast.keyword(word.arg, self._split(word.value)) for word in node.keywords]
            return ast.Call(node.func, [self._split(argument) for argument in node.args], words)
        if isinstance(node, ast.Name | ast.Attribute):
            return node
        parts: dict[str, Any] = {}
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr):
                parts[name] = self._split(value)
            elif isinstance(value, list):
                parts[name] = [self._split(item) if isinstance(item, ast.expr) else item for item in value]
            else:
                parts[name] = value
        return type(node)(**parts)

    def _is_remote(self, node: ast.expr) -> bool:
        context = self._context
        if trusted.is_trusted_call(node, context.shadowed, context.imports):
            return self._is_conversion(node)
        if isinstance(node, ast.Name):
            return node.id in context.shadowed or node.id not in trusted.FUNCTIONS | trusted.TYPES
        return not trusted.is_math(node, context.shadowed, context.imports) and not trusted.may_evaluate(node)

    def _is_conversion(self, node: ast.Call) -> bool:
        """Return whether a built-in is applied to one remote part: that may be an iterator, which cannot be sent."""
        if not isinstance(node.func, ast.Name) or not node.args or not self._is_remote(node.args[0]):
            return False
        rest = [*node.args[1:], *(word.value for word in node.keywords)]
        is_shape = len(node.args) == 1 or node.func.id in ("round", "isinstance")
        return is_shape and all(isinstance(part, ast.Constant | ast.Name) for part in rest)

    def _step(self, node: ast.expr, kind: str = "value") -> ast.expr:
        forbidden = (ast.Compare, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom)
        if any(isinstance(part, forbidden) for part in ast.walk(node)):
            self.leaky = True
        self.steps.append((kind, _compile(node)))
        return ast.Name(f"_{len(self.steps) - 1}", ast.Load())


def _compile(node: ast.expr) -> CodeType:
    return compile(ast.fix_missing_locations(ast.Expression(node)), "<test>", "eval", dont_inherit=True)


def _parse(problem: Problem, source: str, field: str) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not Python: {error}", where=f"{problem.task_id}.{field}", fix="correct the test") from error


def encode_job(
    nonce: str,
    mode: Literal["calls", "stdin"],
    program: str,
    plan: ExecutionPlan,
    limits: LimitValues,
    stdin: bytes | None = None,
) -> bytes:
    """Return the message that asks the server for one run of ``program``."""
    is_calls = mode == "calls"
    job: JobMessage = {
        "nonce": nonce, "mode": mode, "program": program, "stdin": stdin, "limits": limits,
        "setup": plan.setup if is_calls else None, "steps": plan.steps if is_calls else (),
    }  # fmt: skip
    return marshal.dumps(dict(job))
