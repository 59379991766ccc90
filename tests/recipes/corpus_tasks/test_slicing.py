"""Programs cut out of modules: what comes along, and what is refused."""

import ast

import pytest

from codekiln.recipes.corpus_tasks.corpus_modules import CorpusModules
from codekiln.recipes.corpus_tasks.functions import extract_functions
from codekiln.recipes.corpus_tasks.io_examples import HELPERS
from codekiln.recipes.corpus_tasks.slicing import ModuleSlicer
from codekiln.recipes.corpus_tasks.source import SourceFile, open_corpus
from codekiln.sandbox.observe import Run, observe

TEXT = '''
from __future__ import annotations
import os, re
import sys
from math import floor, sqrt
from typing import TYPE_CHECKING

LIMIT = 3
TABLE = {}
TABLE["a"] = LIMIT
TABLE.update(b=1)
UNUSED = open("nowhere")


def helper(x):
    return floor(x) + deeper(x)


def deeper(x):
    return TABLE["a"]


def target(x: Path, y=LIMIT):
    """Return something."""
    if re.match("a", x):
        return helper(y)
    return os.path.join(x, "b")


try:
    from _fast import target
except ImportError:
    pass


class Box:
    size = LIMIT

    def __init__(self, x):
        self.x = helper(x)

    def get(self, y):
        # The value.
        return self.x + y
'''


def cut(text, name):
    source = SourceFile("f.py", text)
    slicer = ModuleSlicer(source)
    return next(slicer.slice_of(item) for item, _ in extract_functions(source, 1, 99) if item.qualname == name), source


def function(text, name):
    return next(item for item, _ in extract_functions(SourceFile("f.py", text), 1, 99) if item.qualname == name)


def test_what_a_function_needs_comes_along_and_nothing_else():
    piece, _ = cut(TEXT, "target")
    program = piece.program(function(TEXT, "target").text)
    assert program.startswith("from __future__ import annotations\n")
    kept = [type(node).__name__ for node in ast.parse(piece.before).body]
    assert kept == ["ImportFrom", "Import", "ImportFrom", "Assign", "Assign", "Assign", "Expr"] + ["FunctionDef"] * 2
    assert "import re\n" in program
    assert "os = _CodekilnPartial(" in program
    assert "from math import floor\n" in program
    assert not {"sys", "UNUSED", "Box", "_fast", "sqrt"} & set((piece.before + piece.after).replace("(", " ").split())


def test_names_are_what_the_function_itself_uses_of_its_module():
    assert cut(TEXT, "target")[0].names == ("LIMIT", "helper", "os", "re")


def test_a_replacement_that_the_module_imports_does_not_hide_the_function():
    assert "_fast" not in cut(TEXT, "target")[0].after


def test_a_method_comes_in_its_class_and_can_be_replaced_there():
    piece, _ = cut(TEXT, "Box.get")
    program = piece.program("def get(self, y):\n\n    return 0")
    assert "    def get(self, y):\n\n        return 0\n" in program
    assert "# The value." not in program
    assert "def deeper(x):" in program


def test_putting_the_function_back_gives_the_module_again():
    text = "A = 1\n\n\ndef f(x):\n    return A + x\n"
    assert ast.dump(ast.parse(cut(text, "f")[0].program(function(text, "f").text))) == ast.dump(ast.parse(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def f(x):\n    return other(x)\n", "unknown-name"),
        ("def f(x):\n    return eval(x)\n", "impure"),
        ("def f(x):\n    import os\n    return os.listdir(x)\n", "impure"),
        ("import datetime\ndef f(x):\n    return datetime.datetime.now() - x\n", "impure"),
        ("if A:\n    def f(x):\n        return x\ndef f(x):\n    return x\ndef f(x):\n    return x\n", "redefined"),
        ("T = '" + "x" * 90_000 + "'\ndef f(x):\n    return T + x\n", "too-much"),
    ],
)
def test_what_would_not_run_alone_or_not_twice_the_same_is_refused(text, reason):
    assert cut(text, "f")[0] == reason


@pytest.mark.parametrize(
    ("text", "faked"),
    [
        ("import numpy\ndef f(x):\n    return numpy.sum(x)\n", "numpy.sum([1, 2])"),
        ("def f(x):\n    import numpy\n    return numpy.sum(x)\n", "numpy.sum([1, 2])"),
        ("from . import other\ndef f(x):\n    return other.g(x)\n", "other.g([1, 2])"),
        ("from other import *\ndef f(x):\n    return g(x)\n", "g([1, 2])"),
        ("def f(x):\n    return open(x)\n", "open([1, 2])"),
        ("import os\ndef f(x):\n    return os.listdir(x)\n", "os.listdir([1, 2])"),
        ("from os import listdir\ndef f(x):\n    return listdir(x)\n", "os.listdir([1, 2])"),
        ("import random\ndef f(x):\n    return random.choice(x)\n", "random.choice([1, 2])"),
        ("import time\ndef g():\n    return time.ctime()\ndef f(x):\n    return g()\n", "time.ctime()"),
    ],
)
def test_a_fake_stands_for_what_is_not_there_and_records_what_is_asked(text, faked):
    piece, _ = cut(text, "f")
    run = Run(piece.program(function(text, "f").text), ("_codekiln_recorded(lambda: f([1, 2]))",), HELPERS)
    ((result,),) = [found.results for found in observe([run], workers=1)]
    assert result.value == ("<recorded>", f"<{faked}>", [faked])


def test_the_calls_of_functions_follow_imports_through_the_corpus(tmp_path):
    for name, text in {
        "pack/__init__.py": "from pack.sub import *\nfrom . import low\n",
        "pack/sub.py": "from .low import double as twice\nimport pack as own\n\n\ndef four(x):\n"
        "    return own.low.double(twice(x))\n",
        "pack/low.py": "import logging\n\nlog = logging.getLogger(__name__)\n\n\ndef double(x):\n    log.debug(x)\n"
        "    return 2 * x\n",
        "pack/top.py": "import pack\n\n\ndef eight(x):\n    from .low import double\n    return double(pack.four(x))\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    corpus = open_corpus(str(tmp_path))
    source = corpus.read("pack/top.py")
    ((found, _),) = extract_functions(source, 1, 9)
    piece = ModuleSlicer(source, CorpusModules(corpus)).slice_of(found)
    run = Run(piece.program(found.text), ("eight(3)", "_codekiln_recorded(lambda: eight(3))"), HELPERS)
    (observation,) = observe([run], workers=1)
    assert [result.value for result in observation.results] == [24, 24]


def test_modules_that_are_not_used_do_not_matter():
    assert not isinstance(cut("import numpy\nfrom . import other\n\n\ndef f(x):\n    return x\n", "f")[0], str)


def test_a_name_bound_in_several_places_brings_all_of_them():
    text = "try:\n    N = int('3')\nexcept ValueError:\n    N = 4\nN += 1\n\n\ndef f(x):\n    return x + N\n"
    assert "N += 1" in cut(text, "f")[0].before
    assert "except ValueError" in cut(text, "f")[0].before


def test_a_form_feed_shifts_nothing():
    text = "LIMIT = 3\n\x0c\ndef f(x):\n    return x + LIMIT\n"
    assert "LIMIT = 3\ndef f(x):\n    return x + LIMIT" in cut(text, "f")[0].program(function(text, "f").text)


def test_the_slice_does_not_depend_on_the_order_of_a_set():
    helpers = [f"def h{n}(x):\n    return open(x)\n" for n in range(9)]
    calls = " + ".join([f"h{n}(x)" for n in range(9)])
    text = "\n\n".join([*helpers, f"def f(x):\n    return {calls}\n"])
    assert cut(text, "f")[0] == cut(text, "f")[0]
