"""The words of a command as they were meant."""

from pathlib import Path

import pytest

from codekiln.cli.words import expanded


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("~/m", "HOME/m"),
        ("~", "HOME"),
        ("--workdir=~/runs", "--workdir=HOME/runs"),
        ("problems.source=~/mbpp.jsonl", "problems.source=HOME/mbpp.jsonl"),
        ("--set=problems.source=~/mbpp.jsonl", "--set=problems.source=HOME/mbpp.jsonl"),
        ("base=~/a.jsonl", "base=HOME/a.jsonl"),
        ("~other/m", "~other/m"),
        ("a~/b", "a~/b"),
        ("Write f. ~/x", "Write f. ~/x"),
        ("x==~/y", "x==~/y"),
    ],
)
def test_the_home_directory_is_found_where_a_shell_leaves_it(word, meant):
    assert expanded(word) == meant.replace("HOME", str(Path.home()))
