"""The words of a command as they were meant."""

from pathlib import Path

import pytest

from codekiln.cli.words import expanded, require_typed
from codekiln.errors import InputError


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


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("\u2014workdir", "write two hyphens: --workdir"),
        ("\u2013profile=laptop", "write two hyphens: --profile=laptop"),
        ("\u2212\u2212problems", "write two hyphens: --problems"),
        ("\u2014-json", "write two hyphens: --json"),
        ("\u2013n", "write two hyphens: --n"),
        ("\u201csft.epochs=2\u201d", "write straight quotes: '...' or \"...\""),
        ("\u201eDefine", "write straight quotes: '...' or \"...\""),
        (r"C:\Users\A B\mbpp.jsonl", "give it as Linux has it, in WSL /mnt/c/Users/A B/mbpp.jsonl"),
        (r"--output=D:\out.jsonl", "give it as Linux has it, in WSL /mnt/d/out.jsonl"),
        ("problems.source=C:/mbpp.jsonl", "give it as Linux has it, in WSL /mnt/c/mbpp.jsonl"),
    ],
)
def test_a_word_that_was_pasted_from_elsewhere_says_what_to_type(word, fix):
    with pytest.raises(InputError) as caught:
        require_typed(["run", word])
    assert (caught.value.where, caught.value.fix) == (word, fix)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "-",
        "--",
        "-n",
        "\u2014",
        "\u2014 write f",
        "a\u2014b",
        "\u201cQuoted\u201d words",
        "s3://a/b",
        "a:b",
        "H100:8",
        "lab/set:main",
    ],
)
def test_other_words_are_left_alone(word):
    require_typed([word])
