"""Folders of exercises, in every way they may be written."""

import pytest

from codekiln.errors import InputErrors
from codekiln.recipes.debugging.source import embedded, read_content

CODE = "if 1 < 2 and 3 & 1:\n    print('yes')"


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "files",
    [
        {"yes.toml": f'description = \'Say yes.\'\nprogram = """\n{CODE}\n"""\n'},
        {"yes/description.txt": "Say yes.\n", "yes/solution.py": CODE + "\n\n"},
        {"yes/README.md": "Say yes.", "yes/yes.py": CODE},
        {"yes.py": CODE + "\n", "yes.txt": "Say yes."},
        {"yes.txt": f"<description>Say yes.</description>\n<correct-program>\n{CODE}\n</correct-program>"},
        {"yes.xml": f"<description> Say yes. </description><correct-program><![CDATA[\n{CODE}\n]]></correct-program>"},
        {
            "yes.xml": "<description>Say yes.</description><correct-program>\n    if 1 &lt; 2 and 3 &amp; 1:\n"
            "        print('yes')\n    </correct-program>"
        },
        {
            "deep/er/yes.txt": "<description>Say yes.</description>\n"
            f"<correct-program>```python\n{CODE}\n```</correct-program>"
        },
        {"yes.py": CODE.replace("\n", "\r\n"), "yes.md": "Say yes."},
        {"yes/Description.TXT": "Say yes.", "yes/Solution.PY": CODE},
        {"yes.XML": f"<description>Say yes.</description><correct-program>{CODE}</correct-program>"},
        {"yes.py": CODE, "yes.txt": "Say yes.", "LICENSE.txt": "All of it.", "README.md": "Exercises."},
    ],
)
def test_an_exercise_is_read_whichever_way_it_is_written(tmp_path, files):
    [found] = read_content(write(tmp_path, files))
    assert (found.name, found.description, found.program) == ("yes", "Say yes.", CODE)
    assert "yes" in found.source


def test_a_docstring_is_a_description(tmp_path):
    [found] = read_content(write(tmp_path, {"hi.py": '"""Say hi."""\nprint("hi")\n'}))
    assert found.description == "Say hi."


def test_inputs_and_calls_are_read_in_order(tmp_path):
    files = {"a/description.txt": "d", "a/a.py": "x = 1", "a/stdin/2.txt": "two\n", "a/stdin/1.txt": "one\n"}
    files |= {"a/calls.txt": "f(1)\n\nf(2)\n", "b.toml": "description='d'\nprogram='p'\nstdin=['1\\n']\ncalls=['g()']"}
    first, second = read_content(write(tmp_path, files))
    assert (first.stdins, first.calls) == (("one\n", "two\n"), ("f(1)", "f(2)"))
    assert (second.calls, second.program) == (("g()",), "p")


def test_everything_that_cannot_be_read_is_reported_at_once(tmp_path):
    files = {
        "one.toml": "description = ",
        "two.toml": "description = 'd'\nprogram = 'p'\nstdins = []",
        "three.txt": "<description>no program</description>",
        "four.toml": "description = 'd'\nprogram = 3",
        "five/description.txt": "two programs",
        "five/a.py": "",
        "five/b.py": "",
        "six.py": "x = 1",
        "good.toml": "description = 'd'\nprogram = 'p'",
        "good.xml": "<description>d</description><correct-program>p</correct-program>",
    }
    with pytest.raises(InputErrors) as caught:
        read_content(write(tmp_path, files))
    found = {str(error) for error in caught.value.errors}
    assert len(found) == 7
    for name, what in [
        ("one", "not valid TOML"),
        ("two", "unknown keys: stdins"),
        ("three", "<correct-program> comes 0 times"),
        ("four", "'program' must be a text"),
        ("five", "holds 2 .py files"),
        ("six", "there is no description"),
        ("", "2 exercises are called 'good'"),
    ]:
        assert any(name in text and what in text for text in found), (name, found)


@pytest.mark.parametrize(
    "files",
    [
        {f"{topic}/1/{name}": text for topic in ("lists", "loops") for name, text in (("d.txt", "d"), ("s.py", CODE))},
        {f"{topic}/1.py": f'"""{topic}"""\n{CODE}' for topic in ("lists", "loops")},
    ],
)
def test_exercises_may_be_numbered_in_each_folder_anew(tmp_path, files):
    found = read_content(write(tmp_path, files))
    assert [item.name for item in found] == ["lists/1", "loops/1"]


def test_a_folder_that_is_not_there_or_empty_is_refused(tmp_path):
    for folder, what in ((tmp_path / "no", "no such folder"), (tmp_path, "holds no exercise")):
        with pytest.raises(InputErrors, match=what):
            read_content(folder)


def test_the_shipped_exercises_are_many_varied_and_short():
    everything = embedded()
    assert len(everything) >= 60
    assert all(item.licence == "Apache-2.0" and item.source == "embedded" for item in everything)
    assert all(20 < len(item.description) < 260 and len(item.program) < 460 for item in everything)
    programs = [item.program for item in everything]
    words = ("input(", "while ", "for ", "def ", "if ", "[", "{", " / ", " // ", ".split(", ".append(", "return")
    for word in words:
        assert sum(word in program for program in programs) >= 4, word
    assert sum(bool(item.stdins) for item in everything) >= 40
    assert sum(bool(item.calls) for item in everything) >= 5
    assert sum(len(item.stdins) >= 2 for item in everything) >= 40
