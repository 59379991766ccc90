import ast
import sysconfig
from pathlib import Path

import pytest

from codekiln.code.mutation import apply, compiles
from codekiln.demo.snippets import LINES, LONGEST, snippets


@pytest.fixture(scope="module")
def found():
    return snippets(0, 40, workers=1)


def test_snippets_are_whole_functions_of_bounded_size(found) -> None:
    assert len(found) == 40
    for snippet in found:
        (node,) = ast.parse(snippet.text).body
        assert node.name == snippet.name
        assert snippet.text.count("\n") + 1 in LINES
        assert len(snippet.text) <= LONGEST
        assert len(node.body) == 1 or ast.get_docstring(node) is None


def test_errors_change_the_text_and_only_those_of_syntax_keep_it_from_compiling(found) -> None:
    assert {error.intended for snippet in found for error in snippet.errors} == {"syntax", "runtime", "logical"}
    for snippet in found:
        assert len(snippet.errors) <= 60
        for error in snippet.errors[:3]:
            changed = apply(snippet.text, [error])
            assert changed != snippet.text
            assert compiles(changed) == (error.intended != "syntax")


def test_the_modules_beside_the_packages_are_left_for_evaluation(found) -> None:
    modules = [path.read_text("utf-8") for path in Path(sysconfig.get_paths()["stdlib"]).glob("*.py")]
    functions = {
        ast.unparse(node) for text in modules for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)
    }
    shared = [snippet for snippet in found if ast.unparse(ast.parse(snippet.text)) in functions]
    assert len(shared) <= 2  # small ones that many files define alike


def test_a_seed_draws_the_same_snippets_in_any_number_of_processes(found) -> None:
    assert snippets(0, 40, workers=2) == found
    assert snippets(1, 40, workers=2) != found
