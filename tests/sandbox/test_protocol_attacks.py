"""The programs of ``attacks/``, which attack the conversation with the tester, or what a test does with their objects.

The first line of each is a comment with a JSON object: ``problem`` (a key of ``PROBLEMS``) and ``expect``: ``notpass``,
``pass`` (odd but right), or ``forgeable`` (if it passes, the verdict says that the program decided). ``# SPEAK`` stands
for code that gives the program its own end of the channel: it answers questions with messages of its choice.
"""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from codekiln.data.records import CallTest, DoctestTest, Problem, ReferenceTest, StdinTest, Test, Verdict
from codekiln.sandbox import Sandbox
from codekiln.sandbox.inside.plain_values import dumps, encode
from codekiln.sandbox.observe import Run, observe
from tests.sandbox.corpus import GOOD, LIMITS

# The fixture grades all programs at once: in one process of pytest-xdist, not in each.
pytestmark = pytest.mark.xdist_group("protocol_attacks")

SPEAK = """
import json, os, struct, sys
def outer(name):
    frame = sys._getframe()
    while name not in frame.f_locals: frame = frame.f_back
    return frame.f_locals[name]
channel = outer("channel")
def write(data): os.write(channel, struct.pack("=I", len(data)) + data)
def send(message): write(json.dumps(message).encode())
def take(size):
    data = b""
    while len(data) < size:
        part = os.read(channel, size - len(data))
        if not part: os._exit(0)
        data += part
    return data
def receive(): return json.loads(take(struct.unpack("=I", take(4))[0]))
FUNCTION = ["function", "builtins", [], ["__call__"]]
def load(classes=(), tree=None):
    send({"loaded": [["f", tree or {"object": [0, 2]}]], "classes": [[2, FUNCTION], *classes]})
def serve(answer):
    while True:
        question = receive()
        send(answer(question) if question.get("do") != "nothing" else {"value": None})
"""
_UNIT = "import unittest\ncase = unittest.TestCase()\n"
_NODE = """
class Node:
    def __init__(self, value): self.value = value
    def __eq__(self, other): return type(other) is Node and self.value == other.value
"""
_ERROR = """
class MyError(Exception):
    def __init__(self, code):
        super().__init__('code', code)
        self.code = code
    def __str__(self): return f'E{self.code}'
"""
_PAIR = "from typing import NamedTuple\nclass Pair(NamedTuple):\n    x: int\n    y: int\n"
_COLOR = "import enum\nclass Color(enum.Enum):\n    RED = 1\n    BLUE = 2\n"
_ANIMAL = "class Animal:\n    def speak(self): return '...'\n"


class _Case(NamedTuple):
    setup: str
    tests: tuple[Test, ...]
    reference: str | None


def _case(*tests: Test, setup: str = "", reference: str | None = None) -> _Case:
    return _Case(setup, tests, reference)


def _inputs(*inputs: object, comparison: str = "equal", atol: float = 0.0) -> ReferenceTest:
    lines = tuple(dumps(encode(arguments)) for arguments in inputs)
    return ReferenceTest(inputs=lines, comparison=comparison, atol=atol, suite="base")


PROBLEMS = {
    "add": _case("assert f(1) == 2"),
    "twice": _case("assert f(1) == 2", "assert f(5) == 6"),
    "close": _case("assert abs(f(1) - 2.5) < 1e-6"),
    "close_loop": _case("for x, want in ((1, 2.5), (2, 3.5)):\n    assert abs(f(x) - want) < 1e-6"),
    "fabs": _case("assert math.fabs(f(1) - 2.5) < 1e-6", setup="import math"),
    "floor": _case("d = f(1) - 2.5\nassert math.floor(d) == math.ceil(d) == 0", setup="import math"),
    "round": _case("assert round(f(1) - 2.5, 6) == 0"),
    "square": _case("d = f(1) - 2.5\nassert d * d < 1e-6"),
    "rest": _case("assert len(f(1) - {1, 2, 3}) == 0"),
    "no_rest": _case("assert not (f(1) - {1, 2, 3})"),
    "remove": _case("s = {1, 2, 3}\ns -= f(1)\nassert not s"),
    "almost": _case("case.assertAlmostEqual(f(1), 2.5)", setup=_UNIT),
    "unit": _case("case.assertEqual(f(1), [1, 2])\ncase.assertCountEqual(f(1), [2, 1])", setup=_UNIT),
    "unit_raises": _case("case.assertRaises(ValueError, f, -1)\ncase.assertEqual(f(1), 2)", setup=_UNIT),
    "attributes": _case("assert all(map(lambda x: f(x).value == x + 100, [1, 2, 3]))"),
    "texts": _case("for got, want in zip(map(str, f(1)), ['1', '2']):\n    assert got == want"),
    "lengths": _case("assert all(n == 3 for n in map(len, f(1)))"),
    "zip": _case("for got, want in zip(map(f, [1, 2]), [2, 3]):\n    assert got == want"),
    "zip_lists": _case("for got, want in zip(map(f, [{1: 1}, {2: 2}]), [2, 3]):\n    assert got == want"),
    "apply": _case("assert f(lambda g, x: g(x)) == 918273"),
    "identity": _case("assert f(len) is len"),
    "asserting": _case("def judge(x):\n    assert x == 2\nf(judge)"),
    "listed": _case("assert list(f(3)) == [0, 1, 2]"),
    "absent": _case("assert 2.5 not in f(3)"),
    "nested": _case("assert sum(f(3)[0]) == 3"),
    "nothing": _case("assert f(1) == []"),
    "nothing_loop": _case("for x in (1, 2):\n    assert f(x) == []"),
    "falsy": _case("assert not f(1)"),
    "right_list": _case("assert f(1) == [1, 2, 3] and len(f(1)) == 3 and f(1)[0] == 1"),
    "context": _case("with f(1) as got:\n    assert got == 2"),
    "context_async": _case(
        "async def run():\n    async with f(1) as got:\n        assert got == 2\nasyncio.run(run())",
        setup="import asyncio",
    ),
    "match": _case("match f(1):\n    case [1, 2]: found = True\n    case _: found = False\nassert found"),
    "key": _case("assert {2: 'x'}.get(f(1)) == 'x'"),
    "member": _case("assert f(1) in {2, 3}"),
    "least": _case("assert min(f(1), 2) == 2 and max(f(1), 2) == 2 and f(1) == 2"),
    "format": _case("assert f'{f(1):.1f}' == '2.5'"),
    "percent": _case("assert '%.1f' % f(1) == '2.5'"),
    "joined": _case("assert ''.join(f(1)) == 'ab'"),
    "unpack": _case("a, b = f(1)\nassert [a, b] == [1, 2]"),
    "copy": _case("assert copy.deepcopy(f(1)) == [1, 2]", setup="import copy"),
    "instance": _case("got = f(1)\nassert isinstance(got, list) and got == [1, 2]"),
    "type_name": _case("got = f(1)\nassert type(got).__name__ == 'list' and got == [1, 2]"),
    "subset": _case("assert {1, 2}.issubset(f(1)) and set(f(1)) == {1, 2}"),
    "mod": _case("assert f(3) == f(10)\nassert f(3) == 3 and f(3) != 4"),
    "missing": _case("assert f(1) == {'a': 1}\nassert f(1)['b'] == 0"),
    "memo": _case("for x in (1, 2):\n    assert f(x) == x + 1"),
    "gcd": _case("for a, b, want in ((4, 6, 2), (9, 6, 3)):\n    assert f(a, b) == want"),
    "ordered": _case(
        "d = OrderedDict(a=1, b=2)\nassert f(d) == OrderedDict(b=2, a=1)\nassert list(d) == ['b', 'a']",
        setup="from collections import OrderedDict",
    ),
    "node": _case("for x in (1, 2):\n    assert f(x) == Node(x + 7000)", setup=_NODE),
    "node_kept": _case("a = Node(1)\nf(a)\nassert a == Node(7001) and type(a) is Node", setup=_NODE),
    "pair": _case("p = Pair(1, 2)\nassert f(p) == Pair(2, 1) and f(p).x == 2", setup=_PAIR),
    "color": _case("c = Color.RED\nassert f(c) is Color.BLUE", setup=_COLOR),
    "error": _case(
        "try:\n    f(3)\nexcept MyError as error:\n    assert error.code == 3 and str(error) == 'E3'\n"
        "else:\n    assert False",
        setup=_ERROR,
    ),
    "bag": _case(
        "b = Bag([1, 2])\nb.tag = 5\nf(b)\nassert b == [1, 2, 3] and b.tag == 6", setup="class Bag(list): pass"
    ),
    "animal": _case("d = f()\nassert d.speak() == 'woof' and isinstance(d, Animal)", setup=_ANIMAL),
    "cases": _case(
        "for given, want in CASES:\n    assert f(given) == want", setup="CASES = [([1], [7001]), ([2], [7002])]"
    ),
    "setup_decides": _case("assert same", setup="same = f(1) == f(2)"),
    "doctest": _case(DoctestTest(doctest=">>> f(1)\n2\n>>> print(f(2))\n3\n")),
    "call": _case(CallTest(call=[1], expect=[2.5, [2.5]])),
    "root": _case(
        _inputs([[1, 2]], [[-6, 11, -6, 1]], comparison="polynomial-root", atol=1e-4),
        reference="def f(xs): return -0.5 if xs == [1, 2] else 1.0",
    ),
    "pyramid": _case(
        _inputs([3, 4], [4, 5], comparison="pyramid-surface", atol=1.0),
        reference="def f(b, h): return 2 * b * h + b * b",
    ),
    "floats": _case(_inputs([1], [2]), reference="def f(x): return [x + 0.1, x + 0.2]"),
    "elements": _case(_inputs([1], [2], comparison="same-elements"), reference="def f(x): return [x, x + 1]"),
}


class _Attack(NamedTuple):
    name: str
    problem: str
    expect: str
    program: str

    def job(self) -> tuple[Problem, str]:
        setup, tests, reference = PROBLEMS[self.problem]
        problem = Problem(task_id=self.name, prompt="", entry_point="f", setup=setup, tests=tests, reference=reference)
        return problem, self.program


def _read(path: Path) -> _Attack:
    first, _, program = path.read_text().partition("\n")
    header = json.loads(first.removeprefix("# "))
    return _Attack(path.stem, header["problem"], header["expect"], program.replace("# SPEAK\n", SPEAK))


ATTACKS = [_read(path) for path in sorted((Path(__file__).parent / "attacks").glob("*.py"))]


@pytest.fixture(scope="module")
def verdicts() -> dict[str, Verdict]:
    """The verdict on each attack by its name, and on an honest program after it by ``after`` and that name."""
    jobs = []
    for attack in ATTACKS:
        after = Problem(task_id=f"after {attack.name}", prompt="", entry_point="f", tests=("assert f(1) == 2",))
        jobs += [attack.job(), (after, GOOD)]
    with Sandbox(workers=2, limits=LIMITS) as sandbox:
        return {verdict.task_id: verdict for _, verdict in sandbox.grade(jobs)}


def test_there_are_many_and_each_problem_is_attacked() -> None:
    assert len(ATTACKS) >= 160
    assert {attack.problem for attack in ATTACKS} == PROBLEMS.keys()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_each_gets_what_it_deserves(attack: _Attack, verdicts: dict[str, Verdict]) -> None:
    verdict = verdicts[attack.name]
    if attack.expect == "forgeable":
        assert verdict.forgeable > 0 or not verdict.passed, verdict
    else:
        assert verdict.passed == (attack.expect == "pass"), verdict
    assert not verdict.detail.startswith("infrastructure"), verdict
    assert verdicts[f"after {attack.name}"].passed


def test_details_are_short_and_can_be_printed(verdicts: dict[str, Verdict]) -> None:
    for verdict in verdicts.values():
        assert len(verdict.model_dump_json()) < 5_000
        assert not any(character < " " and character not in "\n\t" for character in verdict.detail), verdict


_HONEST = f"# {'a text that stays in memory when it is freed ' * 20}\ndef f(x):\n    return x * 7 + 3  # found it\n"
_HONEST_SCRIPT = "print('the answer is', int(input()) * 7919, 'and long enough to stay ' * 30)\n"
_SEARCH = """
import ctypes, gc, os, re
libc = ctypes.CDLL(None)
libc.sbrk.restype, libc.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_long]
libc.write.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t]
source, sink = os.pipe()
found = []
def search(first, last):
    before = b""
    for address in range(first, last, 4096):
        page = os.read(source, 4096) if libc.write(sink, address, 4096) == 4096 else b""
        found.extend(re.findall(PATTERN, before[-1500:] + page))
        before = page
def search_all():
    top = libc.sbrk(0) & ~4095
    search(top - (24 << 20), top)
    for number in {id(item) >> 20 for item in gc.get_objects()}:
        search(number << 20, (number + 1) << 20)
"""
_THIEF = r'PATTERN = rb"def f\(x\):\n    return [^#]{1,20}# foun" + rb"d it"' + _SEARCH
_THIEF += "search_all()\nfor text in found:\n    exec(text)\n"
_THIEF_SCRIPT = r'PATTERN = rb"the answer " + rb"is \d+[a-z ]+"' + _SEARCH
_THIEF_SCRIPT += 'search_all()\nprint(max(found, key=len, default=b"").decode())\n'


def test_no_program_finds_the_text_of_an_earlier_one() -> None:
    problem = Problem(task_id="seven", prompt="", entry_point="f", tests=("assert f(1) == 10", "assert f(2) == 17"))
    with Sandbox(workers=1) as sandbox:
        found = dict(sandbox.grade([(problem, _HONEST), (problem, _THIEF)] * 3))
    assert [found[index].passed for index in range(6)] == [True, False] * 3


def test_no_script_finds_what_an_earlier_one_printed() -> None:
    printed = f"the answer is {3 * 7919} {'and long enough to stay ' * 30}"
    problem = Problem(task_id="seven", prompt="", entry_point="f", tests=(StdinTest(stdin="3\n", stdout=printed),))
    with Sandbox(workers=1) as sandbox:
        found = dict(sandbox.grade([(problem, _HONEST_SCRIPT), (problem, _THIEF_SCRIPT)] * 3))
    assert [found[index].passed for index in range(6)] == [True, False] * 3


@pytest.mark.parametrize("line", [b'x["E", "", 1e999]', b'x["E", 1, 1]', b'x["E", "\\ud800", 1]', b'x{"E": 1}', b"x"])
def test_a_forged_exception_ends_no_observation(line: bytes) -> None:
    head = b'["loaded"]\n'
    program = SPEAK + f"write({head + line!r})\nos._exit(0)\n"
    (found,) = observe([Run(program, ("1",))], workers=1, limits=LIMITS)
    assert found.ending == "tampered"
