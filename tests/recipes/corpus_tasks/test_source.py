"""Which files of a tree are read, and why the others are not."""

import sys
from pathlib import Path

import pytest

from codekiln.errors import InputError
from codekiln.recipes.corpus_tasks.source import SourceFile, open_corpus
from tests.recipes.corpus_tasks import small_corpus


@pytest.fixture
def folder(tmp_path):
    return small_corpus.write(tmp_path, bad=True)


def test_files_are_sorted_and_what_is_left_out_has_a_reason(folder):
    kept, skipped = open_corpus(str(folder)).paths()
    assert kept == sorted([*small_corpus.GOOD, "broken.py", "latin.py", "more.py", "side_effect.py"])
    assert skipped == {"test_case.py": "test-file", "tests/helpers.py": "test-file", "_vendor/lib.py": "vendored"}


def test_a_file_that_cannot_be_used_says_why(folder):
    corpus = open_corpus(str(folder))
    (folder / "large.py").write_text("x = 1\n" * 100_000)
    assert [corpus.read(name) for name in ("broken.py", "latin.py", "large.py")] == [
        "not-python",
        "not-text",
        "too-large",
    ]


def test_globs_choose_files(folder):
    kept, skipped = open_corpus(str(folder), include=["lists/*", "maps/*"], exclude=["*merge.py"]).paths()
    assert kept == ["lists/order.py", "lists/pairs.py", "maps/invert.py"]
    assert skipped["maps/merge.py"] == "excluded"
    assert skipped["text/case.py"] == "not-included"


def test_folders_that_hold_installed_packages_are_not_entered(tmp_path):
    for name in ("site-packages", "node_modules", "__pycache__", ".git"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text("a = 1\n")
    assert open_corpus(str(tmp_path)).paths() == ([], {})


def test_nothing_of_the_corpus_is_imported(folder):
    before = set(sys.modules)
    corpus = open_corpus(str(folder))
    assert isinstance(corpus.read("side_effect.py"), SourceFile)
    assert not {name for name in set(sys.modules) - before if "side_effect" in name}


def test_the_digest_follows_the_bytes_that_are_read(folder):
    before = open_corpus(str(folder)).digest()
    (folder / "test_case.py").write_text("changed = True\n")
    assert open_corpus(str(folder)).digest() == before
    (folder / "text/case.py").write_text("changed = True\n")
    assert open_corpus(str(folder)).digest() != before


def test_stdlib_is_that_of_the_running_interpreter():
    corpus = open_corpus("stdlib")
    assert (corpus.root / "bisect.py").samefile(Path(__import__("bisect").__file__))


def test_a_folder_that_is_not_there_is_the_users_mistake(tmp_path):
    with pytest.raises(InputError, match="no folder"):
        open_corpus(str(tmp_path / "nowhere"))
