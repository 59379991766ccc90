"""Problems that differ by semester, and tests that stand in skeletons."""

import json

import pytest

from codekiln.errors import InputErrors
from codekiln.recipes.student.questions import Question, Version, doctests_in, merged, read_questions, write_questions

SKELETON = '''def smaller(x, y):
    """Return the smaller one.

    >>> smaller(3, 2)
    2
    >>> smaller(4, 9)
    4
    """'''
AUTUMN = Question(instructions="Return the smaller one.", skeleton_code_todo=SKELETON)
SPRING = Question(instructions="Return the smaller one.", skeleton_code_todo=SKELETON.replace("(x, y)", "(a, b)"))


def sessions(question):
    return [test.doctest for test in question.all_tests]


def test_a_problem_is_what_it_was_in_each_semester(tmp_path):
    both = merged({"au": AUTUMN, "sp": SPRING})
    assert list(both.semesters) == ["sp"]
    assert both.of("sp") == SPRING
    assert both.of("au") == both.of("elsewhere") == AUTUMN
    path = tmp_path / "problems.json"
    path.write_text(write_questions({"smaller": both}))
    assert read_questions(path) == {"smaller": both}
    assert json.loads(path.read_text())["smaller"]["semesters"] == {
        "sp": {"skeleton_code_todo": SPRING.skeleton_code_todo}
    }


def test_examples_in_the_skeleton_are_tests_unless_there_are_others():
    assert sessions(AUTUMN) == [">>> smaller(3, 2)\n2\n", ">>> smaller(4, 9)\n4\n"]
    own = AUTUMN.model_copy(update={"doctests": ">>> smaller(1, 1)\n1\n", "tests": ("assert smaller(0, 2) == 0",)})
    assert [getattr(test, "doctest", test) for test in own.all_tests] == [
        ">>> smaller(1, 1)\n1\n",
        "assert smaller(0, 2) == 0",
    ]
    with_others = AUTUMN.model_copy(update={"tests": ("assert smaller(0, 2) == 0",)})
    assert len(with_others.all_tests) == 3


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('def f()\n    """\n    >>> f()\n    1"""\n    # TODO', ">>> f()\n1\n"),
        ("class A:\n    '''\n    >>> A().x\n    'a\\\\n'\n    '''", ">>> A().x\n'a\\n'\n"),
        ('def f():\n    r"""\n    >>> g("\\d")\n    2\n    """', '>>> g("\\d")\n2\n'),
        ("x = 1\n# >>> x\n", ""),
        ('x = """a"""\ny = 2  # >>> y', ""),
    ],
)
def test_examples_are_found_in_long_strings_of_code_that_may_not_compile(code, found):
    assert doctests_in(code) == found


def test_examples_in_given_code_count_where_the_skeleton_has_none():
    fixed = 'mint = 1\n"""\n>>> mint\n1\n"""'
    assert sessions(Question(skeleton_code_fixed=fixed, skeleton_code_todo="class Mint:")) == [">>> mint\n1\n"]
    assert sessions(Question(skeleton_code_fixed=fixed, skeleton_code_todo=SKELETON)) == sessions(AUTUMN)


def test_a_folder_of_skeletons_as_the_study_published_it(tmp_path):
    (tmp_path / "au_smaller.py").write_text(
        f"# === SKELETON CODE FIXED ===\nfrom operator import add\n\n# === SKELETON CODE TODO ===\n\n{SKELETON}\n"
    )
    (tmp_path / "sp_smaller.py").write_text(f"# === SKELETON CODE TODO ===\n\n{SPRING.skeleton_code_todo}\n")
    (tmp_path / "two_of_three.py").write_text("def two_of_three(x, y, z):\n    pass\n")
    asked = [("au", "smaller"), ("sp", "smaller"), ("sp", "two_of_three"), ("sp", "not_there")]
    found = read_questions(tmp_path, asked)
    assert list(found) == ["smaller", "two_of_three"]
    assert found["smaller"].of("au").skeleton_code_fixed == "from operator import add"
    assert found["smaller"].of("sp").skeleton_code_fixed == ""
    assert sessions(found["smaller"].of("au")) == sessions(found["smaller"].of("sp")) == sessions(AUTUMN)
    assert found["two_of_three"].all_tests == ()


def test_a_skeleton_with_an_example_that_is_none_is_named(tmp_path):
    (tmp_path / "au_f.py").write_text('def f():\n    """\n    >>>f()\n    1\n    """\n')
    with pytest.raises(InputErrors, match="lacks blank after >>>") as caught:
        read_questions(tmp_path, [("au", "f")])
    assert str(tmp_path / "au_f.py") in str(caught.value)


def test_a_version_of_a_problem_can_lack_what_the_problem_has():
    question = Question(doctests=">>> 1\n1\n", semesters={"sp": Version(doctests="", tests=("assert True",))})
    assert question.of("sp").all_tests == ("assert True",)
    assert len(question.texts) == 1
