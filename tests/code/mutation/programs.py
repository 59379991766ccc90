"""Programs that the tests put errors into, and what they are tried on."""

import ast
import bisect
import colorsys
import heapq
import inspect
import random
import statistics
import textwrap
from collections.abc import Iterator
from types import ModuleType

from codekiln import demo
from codekiln.code.mutation.proof import Trials
from codekiln.code.rewrite.styles import variants

MODULES = (bisect, colorsys, heapq, random, statistics, textwrap)

AVERAGE = '''import math


def average(numbers, digits=1):
    """Return the average of the positive numbers, or None."""
    total = 0
    count = 0
    for i in range(len(numbers)):
        if numbers[i] > 0 and numbers[i] != 99:  # 99: "no answer"
            total += numbers[i]
            count += 1
    if count == 0:
        return None
    return round(total / count, digits)


def spread(numbers):
    mean = average(numbers)
    squares = [(x - mean) ** 2 for x in numbers if x > 0]
    return math.sqrt(sum(squares))
'''

WORDS = """counts = {}
line = input("Words: ")
for word in line.lower().split():
    if word not in counts:
        counts[word] = 0
    counts[word] = counts[word] + 1
best = ""
for word in sorted(counts):
    if best == "" or counts[word] > counts[best]:
        best = word
print("Most often: " + best, counts.get(best, 0))
number = int(input("How many? "))
while number > 0:
    print("*" * number)
    number = number - 1
"""

ACCENTS = 'größe = "naïve"  # "π"\r\nif größe != "π":\r\n\tprint("ß", größe[1:3], len(größe) + 1)\r\n'

FUNCTIONS = (AVERAGE, Trials(calls=("average([1, 2, 99, -3])", "average([])", "average([3])", "spread([4, 1, 99, 7])")))
SCRIPT = (WORDS, Trials(stdins=("a b a\n3\n", "Cat dog\n0\n", "\n1\n")))


def small_functions(count: int) -> list[tuple[str, Trials]]:
    """Return programs for so many tiny problems in several styles, with calls of their tests."""
    found = []
    for problem in demo.problems("eval", count=count):
        calls = [f"{problem.entry_point}({', '.join(map(repr, test.call))})" for test in problem.tests]
        found += [(text, Trials(calls=tuple(calls[:6]))) for _, text in sorted(variants(problem.reference).items())]
    return found


def library_functions(most_lines: int = 18) -> Iterator[str]:
    """Yield functions of the standard library as they stand in its files."""
    for module in MODULES:
        yield from _functions(module, most_lines)


def _functions(module: ModuleType, most_lines: int) -> Iterator[str]:
    text = inspect.getsource(module)
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno < most_lines:
            yield "".join(lines[node.lineno - 1 : node.end_lineno])


def everything() -> list[str]:
    """Return all of these programs as texts."""
    return [AVERAGE, WORDS, ACCENTS, *(text for text, _ in small_functions(3)), *library_functions()]
