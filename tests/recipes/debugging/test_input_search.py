"""Inputs that are found reach the sides of branches, and tell every boundary from its neighbours."""

import ast
import builtins
import contextlib
import io
import random
import sys

import pytest

from codekiln.recipes.debugging.input_search import MOST_INPUTS, search_inputs
from codekiln.recipes.debugging.input_search.aiming import search
from codekiln.recipes.debugging.input_search.instrumentation import (
    constants,
    draws_numbers,
    instrumented,
    loop_ends,
    reads_input,
)
from tests.recipes.debugging.boundary_programs import PROGRAMS
from tests.recipes.debugging.making import LIMITS

OTHER = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
UNTOLD = {
    # While a guess is tried it is not the secret number.
    ("guess", 1, "strict"), ("guess", 1, 1),
    # A score of 5 ends the loop, and there is no score of 6.
    ("rounds", 1, -1), ("rounds", 2, 1),
}  # fmt: skip
LINES = 20_000


def found(program):
    parts = instrumented(program), constants(program), loop_ends(program)
    return search(*parts, MOST_INPUTS, 20.0, draws_numbers(program))


class Neighbour(ast.NodeTransformer):
    """Changes the n-th comparison of an order: its strictness, or its right operand by a number."""

    def __init__(self, number, change):
        self.number, self.change, self.seen = number, change, -1

    def visit_Compare(self, node):
        self.generic_visit(node)
        for place, operator in enumerate(node.ops):
            if type(operator) in OTHER:
                self.seen += 1
                if self.seen == self.number and self.change == "strict":
                    node.ops[place] = OTHER[type(operator)]()
                elif self.seen == self.number:
                    node.comparators[place] = moved(node.comparators[place], self.change)
        return node


def moved(node, change):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.Constant(chr(ord(node.value) + change))
    return ast.BinOp(node, ast.Add(), ast.Constant(change))


class Sides(ast.NodeTransformer):
    """Notes which way each condition went."""

    def __init__(self):
        self.places = []

    def visit_If(self, node):
        self.generic_visit(node)
        self.places.append(node.test)
        arguments = [ast.Constant(len(self.places) - 1), node.test]
        node.test = ast.Call(ast.Name("note", ast.Load()), arguments, [])
        return node

    visit_While = visit_If


def result(tree, text, seed, note=None):
    """Return what a program prints on an input, and how it ends."""
    lines = 0

    def count(frame, event, argument):
        nonlocal lines
        lines += 1
        if lines > LINES:
            raise TimeoutError
        return count

    printed, kept, tracer = io.StringIO(), sys.stdin, sys.gettrace()
    sys.stdin = io.StringIO(text)
    random.seed(seed)
    code = compile(ast.fix_missing_locations(tree), "program", "exec")
    try:
        with contextlib.redirect_stdout(printed):
            sys.settrace(count)
            exec(code, {"__builtins__": builtins, "__name__": "__main__", "note": note})
    except Exception as error:
        return printed.getvalue(), type(error).__name__
    finally:
        sys.settrace(tracer)
        sys.stdin = kept
    return printed.getvalue(), ""


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_branch_is_reached_and_every_boundary_is_told(name):
    program = PROGRAMS[name]
    texts = found(program)
    trials = [(text, place if draws_numbers(program) else 0) for place, text in enumerate(texts)]
    before = [result(ast.parse(program), *trial) for trial in trials]
    assert {ending for _, ending in before} == {""}
    sides = Sides()
    tree, seen = sides.visit(ast.parse(program)), set()
    for trial in trials:
        result(tree, *trial, lambda place, value: seen.add((place, bool(value))) or value)
    wanted = {(place, side) for place, test in enumerate(sides.places) for side in (True, False)
              if not isinstance(test, ast.Constant) or test.value is side}  # fmt: skip
    assert seen == wanted
    counter = Neighbour(-1, None)
    counter.visit(ast.parse(program))
    for number in range(counter.seen + 1):
        for change in ("strict", 1, -1):
            mutant = Neighbour(number, change).visit(ast.parse(program))
            is_told = [result(mutant, *trial) for trial in trials] != before
            assert is_told or (name, number, change) in UNTOLD, (number, change, texts)


def test_there_are_forty_programs():
    assert len(PROGRAMS) == 40


def test_the_search_runs_in_the_sandbox_to_the_same_inputs():
    names = ("vote", "guess", "menu", "lines")
    assert search_inputs([PROGRAMS[name] for name in names], limits=LIMITS) == [found(PROGRAMS[name]) for name in names]


@pytest.mark.parametrize(
    "program",
    [
        "x = input()\nassert sum(map(ord, x)) % 9973 == 9972",
        "while True:\n    input()",
        "while True:\n    try:\n        x = int(input())\n    except:\n        pass",
        "import os\nos._exit(1)",
        "input()\nimport builtins\nbuiltins.len = builtins.max = builtins.list = None",
    ],
)
def test_a_program_that_never_ends_well_has_no_inputs(program):
    assert search_inputs([program], limits=LIMITS) == [[]]


def test_what_is_shown_is_no_input():
    program = 'x = input("Name: ")\nif x == "Sam" or x in {"b": 1}:\n    print("Hello!", 12, f"{x} there")'
    assert set(constants(program)) == {"Sam", "b", 1, 12}


def test_what_ends_a_loop_is_known():
    program = (
        "x = ''\nwhile x != 'q':\n    x = input()\n    if x == 'end':\n        break\n    if x:\n        print('a')"
    )
    assert loop_ends(program) == ["q", "end"]


def test_whether_a_program_reads_and_draws():
    programs = ("print(1)", "input()", "import sys\nsys.stdin.read()", "import random", "from random import choice")
    assert [reads_input(text) for text in programs] == [False, True, True, False, False]
    assert [draws_numbers(text) for text in programs] == [False, False, False, True, True]
