import ast
import shutil

import pytest

from codekiln.code.mutation import apply, compiles
from codekiln.demo.snippets import LINES, LONGEST, STDLIB, snippets


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A few packages, and a module beside them."""
    folder = tmp_path_factory.mktemp("library")
    for name in ("json", "logging", "http"):
        shutil.copytree(STDLIB / name, folder / name)
    shutil.copy(STDLIB / "textwrap.py", folder)
    return folder


@pytest.fixture(scope="module")
def found(root):
    return snippets(0, 40, workers=1, root=root)


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


def test_the_modules_beside_the_packages_are_left_for_evaluation(root) -> None:
    every = snippets(0, root=root)
    assert len(every) > 100
    assert not {"dedent", "_munge_whitespace"} & {snippet.name for snippet in every}


def test_a_seed_draws_the_same_snippets_in_any_number_of_processes(root, found) -> None:
    assert snippets(0, 40, workers=2, root=root) == found
    assert snippets(1, 40, workers=2, root=root) != found
