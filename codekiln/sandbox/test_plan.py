"""Plans how a problem's tests are run: as calls that are made in one go, or as code that asks the program.

``assert f(1) == 2`` becomes the call ``f(1)``, which the program's process evaluates, and the check ``_0 == 2`` of the
tester, so that no expected value ever enters the program's process. Tests that cannot be taken apart (loops,
statements, comparisons within a comprehension) run in the tester, where the program's names stand for its objects.
"""

import ast
import dataclasses
import hashlib
from types import CodeType

from codekiln.data.places import item_name
from codekiln.data.python_text import compiled, expression_tree, syntax_tree
from codekiln.data.records import CallTest, DoctestTest, Problem, ReferenceTest, StdinTest, Test
from codekiln.errors import InputError
from codekiln.sandbox.expected_results import Expected
from codekiln.sandbox.explained_asserts import compile_explained
from codekiln.sandbox.inside.messages import CallPlan, ProblemPlan, ReferencePlan, TestPlan
from codekiln.sandbox.inside.substitutes import FUNCTIONS
from codekiln.sandbox.plain_calls import NotPlainCalls, PlainCalls, compile_expression
from codekiln.sandbox.test_names import Names, shared_statements

_OUTPUT_WORDS = ("stdout", "stderr", "redirect", "capsys")
_DEFINITIONS = (
    ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
)  # fmt: skip
_NOTHING: TestPlan = {
    "text": "", "first": 0, "count": 0, "checks": (), "code": None, "doctest": "", "asserts": (), "own": (),
    "builtins": (), "follows": False, "prepares": False, "mentions_stop": False, "suite": "", "comparison": "",
    "expected": b"", "arguments": "", "atol": 0.0,
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class ExecutionPlan:
    """How a problem's tests are run; made once per problem.

    Attributes:
        message: What the tester gets.
        total: Number of tests.
    """

    message: ProblemPlan
    total: int


def plan_tests(problem: Problem, expected: Expected | None = None) -> ExecutionPlan:
    """Return the plan of a problem's hidden tests.

    Args:
        problem: The problem.
        expected: Results of the reference, where the problem has tests by reference.

    Raises:
        InputError: A test or the setup is not Python.
    """
    planner = _Planner(problem, expected)
    for number, test in enumerate(problem.tests):
        planner.add(test, item_name("tests", number, problem.tests, is_shown=False))
    return planner.plan()


class _Planner:
    def __init__(self, problem: Problem, expected: Expected | None) -> None:
        self._problem, self._expected = problem, expected
        self._setup = parse(problem, problem.setup, "setup")
        self._names = Names(self._setup, problem.entry_point)
        self._tests: list[TestPlan] = []
        self._scripts: list[tuple[str, str, str]] = []
        self._calls: list[tuple[str | None, CodeType | str]] = []
        self._called: set[str] = set()
        self._in_one_go = True
        self._relays = any(word in problem.setup for word in _OUTPUT_WORDS)
        self._references: list[ReferencePlan] = []
        self._inputs = 0

    def add(self, test: Test, field: str) -> None:
        """Plan one test."""
        if isinstance(test, StdinTest):
            self._scripts.append((test.stdin, test.stdout, test.comparison))
        elif isinstance(test, DoctestTest):
            self._add_doctest(test, field)
        elif isinstance(test, CallTest):
            self._add_call(test, field)
        elif isinstance(test, ReferenceTest):
            self._add_inputs(test, field)
        else:
            self._add_code(test, field)

    def plan(self) -> ExecutionPlan:
        """Return the plan of the tests so far."""
        problem, expected, questions = self._problem, self._expected, not self._in_one_go
        digest = expected.digest if expected and not questions and not self._tests else b""
        shared, classes = shared_statements(self._setup)
        calls: CallPlan = {
            "calls": tuple(self._calls), "called": tuple(sorted(self._called)),
            "names": tuple(sorted(self._names.wanted())), "in_one_go": not questions,
            "shared": shared, "classes": classes, "setup": None, "entry_point": problem.entry_point,
            "observed": False, "relays": questions and self._relays,
            "more_output": 2 * expected.size if expected else 0, "digests": bool(digest), "random_seed": None,
        }  # fmt: skip
        texts = "\n".join([problem.setup, *(test["text"] for test in self._tests)])
        message: ProblemPlan = {
            "kind": "questions" if questions else "calls", "calls": calls,
            "setup": compiled(self._setup, "<setup>") if self._setup.body else None,
            "tests": self._without_useless_preparations(), "scripts": tuple(self._scripts),
            "references": tuple(self._references),
            "expected": expected.lines if expected else b"", "digest": digest,
            "substitutes": tuple(name for name in FUNCTIONS if name in texts),
            "seed": hashlib.sha256(texts.encode("utf-8", "surrogatepass")).digest(),
        }  # fmt: skip
        compared = sum(reference["count"] for reference in self._references)
        return ExecutionPlan(message, len(self._tests) + len(self._scripts) + compared)

    def _without_useless_preparations(self) -> tuple[TestPlan, ...]:
        """Return the tests; what only defines names is no test where no other follows."""
        if all(test["prepares"] for test in self._tests):
            return tuple(test | {"prepares": False} for test in self._tests)
        return tuple(self._tests)

    def _add_code(self, text: str, field: str) -> None:
        module = parse(self._problem, text, field)
        if not module.body:
            raise InputError("an empty test", where=f"{self._problem.task_id}, {field}", fix="remove it")
        use = self._names.use(module)
        try:
            calls = PlainCalls(use, self._problem.entry_point, self._names.imports).split(module)
        except NotPlainCalls:
            calls = None
            self._in_one_go = False
        prepares = all(isinstance(node, _DEFINITIONS) for node in module.body)
        code, asserts = compile_explained(module, text)
        self._relays = self._relays or any(word in text for word in _OUTPUT_WORDS)
        plan = _NOTHING | {
            "text": text, "code": code, "asserts": asserts, "own": use.own,
            "builtins": use.builtins, "follows": use.follows, "mentions_stop": "StopIteration" in text,
            "prepares": prepares,
        }  # fmt: skip
        self._tests.append(self._with_calls(plan, calls) if calls else plan)

    def _with_calls(self, plan: TestPlan, calls: PlainCalls) -> TestPlan:
        first = len(self._calls)
        self._calls += calls.calls
        self._called |= calls.called
        checks = tuple(compile_expression(check) for check in calls.checks)
        return plan | {"first": first, "count": len(calls.calls), "checks": checks, "expected": calls.expected}

    def _add_call(self, test: CallTest, field: str) -> None:
        entry = self._entry_point(field, "a call test")
        call = f"{entry}({', '.join(map(literal, test.call))})"
        self._names.want(entry)
        check = expression_tree(f"_0 == ({literal(test.expect)})")
        self._tests.append(_NOTHING | {
            "text": f"{call} == {test.expect!r}", "first": len(self._calls), "count": 1,
            "checks": (compile_expression(check),),
            "code": compiled(f"assert {call} == ({literal(test.expect)})", "<test>"),
        })  # fmt: skip
        self._calls.append((entry, compile_expression(expression_tree(call))))
        self._called.add(entry)

    def _add_inputs(self, test: ReferenceTest, field: str) -> None:
        entry = self._entry_point(field, "a test by reference")
        self._names.want(entry)
        if self._expected is None:
            raise ValueError("the results of the reference are needed")
        left_out, before = self._expected.left_out, len(self._calls)
        numbered = enumerate(test.inputs, start=self._inputs)
        self._calls += [(entry, arguments) for number, arguments in numbered if number not in left_out]
        self._inputs += len(test.inputs)
        self._references.append({
            "suite": test.suite, "comparison": test.comparison, "atol": test.atol, "first": before,
            "count": len(self._calls) - before, "entry_point": entry,
        })  # fmt: skip
        self._called.add(entry)

    def _entry_point(self, field: str, what: str) -> str:
        if not self._problem.entry_point:
            raise InputError(
                f"{what} needs the name of the function to call", where=f"{self._problem.task_id}, {field}",
                fix="set entry_point, or write the test as an assert",
            )  # fmt: skip
        return self._problem.entry_point

    def _add_doctest(self, test: DoctestTest, field: str) -> None:
        import doctest  # slow to import, and rarely needed

        text = test.doctest.replace("\r\n", "\n")
        where = f"{self._problem.task_id}, {field}"
        try:
            examples = doctest.DocTestParser().get_examples(text)
            modules = [syntax_tree(example.source) for example in examples]
        except (ValueError, SyntaxError) as error:
            raise InputError(f"not a doctest: {error}", where=where, fix="correct the test") from error
        if not examples:
            raise InputError("a doctest without examples", where=where, fix="start examples with '>>> '")
        follows = any([self._names.use(module).follows for module in modules])
        self._in_one_go, self._relays = False, True
        self._tests.append(
            _NOTHING | {"text": text, "doctest": text, "follows": follows, "mentions_stop": "StopIteration" in text}
        )


def parse(problem: Problem, source: str, field: str) -> ast.Module:
    """Return the syntax tree of a test or setup; raises InputError when it is not Python."""
    try:
        return syntax_tree(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(f"not Python: {error}", where=f"{problem.task_id}, {field}", fix="correct the test") from error


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
