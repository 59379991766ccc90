import pytest

from codekiln.errors import InputError
from codekiln.sandbox import Limits
from codekiln.sandbox.inside.plain_values import Opaque
from codekiln.sandbox.observe import Result, Run, observe

SMALL = Limits(cpu_seconds=1, wall_seconds=30.0, memory_mb=256, file_mb=4, output_kb=64)


def see(*runs):
    return observe(runs, workers=1, limits=SMALL)


def test_results_come_as_values_and_exceptions_by_name():
    program = "def f(x):\n    return {x: [x, (x, None)]}\n\ndef g(xs):\n    xs.append(1)\n\nclass C: pass\n"
    (seen,) = see(Run(program, ("f(2)", "f([])", "(lambda xs: (g(xs), xs))([3])", "C()")))
    assert seen.ending == "ended"
    value, raised, changed, opaque = seen.results
    assert value == Result({2: [2, (2, None)]})
    assert (raised.error, raised.line) == ("TypeError", 2)
    assert changed.value == (None, [3, 1])
    assert isinstance(opaque.value, Opaque)
    assert opaque.value != opaque.value


def test_setup_runs_before_the_calls():
    (seen,) = see(Run("def f(x):\n    return x + y\n", ("f(1)",), setup="y = 5"))
    assert seen.results == (Result(6),)


def test_a_script_gets_its_input_and_shows_what_it_printed():
    program = "name = input('who? ')\nprint('hello', name)\nprint(1 / int(input()))\n"
    good, bad, short = see(Run(program, stdin="Ada\n4\n"), Run(program, stdin="Ada\n0\n"), Run(program, stdin="Ada\n"))
    assert (good.ending, good.printed, good.code) == ("ended", "who? hello Ada\n0.25\n", 0)
    assert (bad.ending, bad.error, bad.line, bad.printed) == ("raised", "ZeroDivisionError", 3, "who? hello Ada\n")
    assert (short.ending, short.error) == ("raised", "EOFError")


@pytest.mark.parametrize(
    ("program", "ending"),
    [
        ("def f(:\n", "invalid"),
        ("raise KeyError('k')", "raised"),
        ("while True: pass", "timeout"),
        ("x = [0] * 10**9", "memory"),
        ("print('x' * 10**6)", "output"),
        ("import os\nos._exit(0)", "crashed"),
        (
            "import os\nfor handle in range(3, 20):\n    try: os.write(handle, b'forged\\n')\n    except OSError: pass",
            "tampered",
        ),
    ],
)
def test_every_bad_end_is_told_apart(program, ending):
    script = ending in ("output",)
    (seen,) = see(Run(program, stdin="") if script else Run(program, ("1",)))
    assert seen.ending == ending


def test_equal_runs_are_run_once_and_come_in_order():
    runs = [Run("import random\nvalue = random.random()", ("value",)), Run("value = 1", ("value",))]
    first, second, third = see(runs[0], runs[1], runs[0])
    assert first is third
    assert second.results == (Result(1),)


def test_a_call_that_is_not_python_is_the_callers_mistake():
    with pytest.raises(InputError, match="not Python"):
        see(Run("x = 1", ("x +",)))


def test_a_script_is_not_called():
    with pytest.raises(ValueError, match="input alone"):
        Run("x = 1", ("x",), stdin="")


def test_results_that_a_program_writes_itself_count_as_its_answers_only():
    def seen(forged):
        lie = f"import os, struct\ndef f():\n    os.write(3, struct.pack('=I', {len(forged)}) + {forged!r})\n"
        return see(Run(lie + "    os._exit(0)\n", ("1", "f()", "3")))[0]

    assert seen(b"v2\nv3").results == (Result(1), Result(2), Result(3))
    assert seen(b"v2").ending == "crashed"
    assert seen(b"v2\nv3\nv4").ending == "tampered"
    assert seen(b'["loaded"]\nv1').ending == "tampered"


def test_results_before_a_hang_are_kept():
    (hang,) = see(Run("def f(x):\n    while x: pass\n    return x", ("f(0)", "f(1)", "f(0)")))
    assert (hang.ending, hang.results) == ("timeout", (Result(0),))


def test_random_numbers_differ_between_runs():
    first, second = see(Run("import random", ("random.random()",)), Run("import random\n", ("random.random()",)))
    assert first.results != second.results


def test_a_script_ends_with_its_exit_code():
    (seen,) = see(Run("import sys\nprint(2)\nsys.exit(3)", stdin=""))
    assert (seen.ending, seen.printed, seen.code) == ("ended", "2\n", 3)
