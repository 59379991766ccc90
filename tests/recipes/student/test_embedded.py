"""The embedded class: enough of it, always the same, with streams that look like streams."""

import re
from collections import Counter

import pytest

from codekiln.code.distance import edit_distance
from codekiln.recipes.student import embedded
from codekiln.recipes.student.course import Course
from codekiln.recipes.student.embedded.edits import StyleEdit, apply_edits, rename_edit, tight_commas, tight_operators
from codekiln.recipes.student.embedded.profiles import NAMES
from codekiln.recipes.student.ground_truth import gradable_problem
from codekiln.recipes.student.outcomes import run_submissions
from codekiln.recipes.student.settings import StudentSettings
from codekiln.sandbox.limits import Limits

LIMITS = Limits(cpu_seconds=1, wall_seconds=5.0)


@pytest.fixture(scope="module")
def whole() -> Course:
    return embedded.course(12, 0)


def outcomes(course, streams):
    problems = {name: gradable_problem(name, question) for name, question in course.questions.items()}
    jobs = [(problems[one.question], code) for one in streams for code in one.submissions]
    found = iter(run_submissions(jobs, workers=2, limits=LIMITS, label=""))
    return [[next(found) for _ in one.submissions] for one in streams]


def test_there_are_problems_students_and_semesters_enough(whole):
    assert len(whole.questions) >= 12
    assert StudentSettings().students >= 30
    assert len({stream.student for stream in whole.streams}) == 12
    assert len({stream.semester for stream in whole.streams}) >= 3
    assert any(question.skeleton_code_fixed for question in whole.questions.values())
    for question in whole.questions.values():
        assert len(question.all_tests) >= 3
        assert question.instructions
        assert "# YOUR CODE HERE" in question.skeleton_code_todo


def test_the_class_is_always_the_same_for_a_seed(whole):
    once = embedded.course(4, 0)
    embedded.read_embedded_assignments.cache_clear()
    embedded.course.cache_clear()
    assert embedded.course(4, 0) == once
    assert embedded.course(4, 0) != embedded.course(4, 1)
    first_four = sorted({stream.student for stream in whole.streams})[:4]
    assert [stream for stream in whole.streams if stream.student in first_four] == list(embedded.course(4, 0).streams)


def test_streams_differ_in_length_and_each_attempt_differs_from_the_one_before(whole):
    lengths = Counter(len(stream.submissions) for stream in whole.streams)
    assert len(lengths) >= 5
    for stream in whole.streams:
        assert all(one != other for one, other in zip(stream.submissions, stream.submissions[1:], strict=False))
    assert 0 < sum(not stream.submitted for stream in whole.streams) < 0.2 * len(whole.streams)


def test_every_solution_passes_and_no_skeleton_does():
    for name, assignment in embedded.read_embedded_assignments().items():
        problem = gradable_problem(name, assignment.question)
        codes = list(assignment.solutions.values())
        skeleton = f"{assignment.question.skeleton_code_todo}\n    pass"
        *solved, unsolved = run_submissions(
            [(problem, code) for code in [*codes, skeleton]], workers=1, limits=LIMITS, label=""
        )
        assert [outcome.error for outcome in solved] == ["none"] * len(codes), name
        assert unsolved.error != "none", name


def test_every_name_in_capitals_has_a_spelling():
    for assignment in embedded.read_embedded_assignments().values():
        for code in assignment.solutions.values():
            capitals = {word for word in code.replace("(", " ").split() if word.isupper() and len(word) > 3}
            assert capitals <= {*NAMES["plain"]} | {word for word in capitals if not word.isalpha()}
    assert all(names.keys() == NAMES["plain"].keys() for names in NAMES.values())
    assert all(len(set(names.values())) == len(names) for names in NAMES.values())


def test_last_attempts_are_mostly_right_and_first_ones_fail_in_every_way(whole):
    found = outcomes(whole, whole.streams)
    last = Counter(stream[-1].error for stream, one in zip(found, whole.streams, strict=True) if one.submitted)
    first = Counter(stream[0].error for stream in found if len(stream) > 1)
    assert last["none"] >= 0.8 * last.total()
    assert first["none"] <= 0.3 * first.total()
    for error in ("compilation", "runtime", "logical"):
        assert first[error] >= 0.1 * first.total()
    assert first["timeout"] <= 0.1 * first.total()


def test_students_keep_their_habits(whole):
    def spaced(student):
        codes = "\n".join(one.submissions[-1] for one in whole.streams if one.student == student)
        return len(re.findall(r"\w = \S", codes)) / len(re.findall(r"\w ?= ?[^=\s]", codes))

    shares = sorted(spaced(student) for student in {stream.student for stream in whole.streams})
    assert shares[0] < 0.3
    assert shares[-1] > 0.9


def compiles(code):
    try:
        compile(code, "submission", "exec")
    except SyntaxError:
        return False
    return True


def test_the_class_has_tabs_habits_of_python_2_and_last_attempts_that_do_not_parse(whole):
    everything = [code for stream in whole.streams for code in stream.submissions]
    tabs = [stream for stream in whole.streams if all("\n\t" in code for code in stream.submissions)]
    assert 0.02 < len(tabs) / len(whole.streams) < 0.4
    assert any(re.search(r"<>|xrange\(|has_key\(|iteritems\(|^\s*print \w", code, re.MULTILINE) for code in everything)
    assert any(re.search(r"^ +\S", code, re.MULTILINE) and re.search(r"^\t", code, re.MULTILINE) for code in everything)
    final = [compiles(stream.submissions[-1]) for stream in whole.streams if stream.submitted]
    assert 0.8 * len(final) < sum(final) < len(final)


def test_attempts_change_as_much_as_students_change_and_mend_what_was_written(whole):
    steps = sorted(
        edit_distance(one, other)
        for stream in whole.streams
        for one, other in zip(stream.submissions, stream.submissions[1:], strict=False)
    )
    quarter, median, most = (steps[int(share * len(steps))] for share in (0.25, 0.5, 0.75))
    assert quarter > 0.02
    assert 0.06 < median < 0.2
    assert 0.15 < most < 0.4


def test_students_think_before_each_attempt(whole):
    for stream in whole.streams:
        assert len(stream.thoughts) == len(stream.submissions)
        assert all(5 < len(thought) < 400 for thought in stream.thoughts)
    assert len({thought for stream in whole.streams for thought in stream.thoughts}) > 100


def test_edits_are_put_in_and_keep_what_a_program_does():
    code = "def f(a, b):\n    total = a + b\n    return total"
    tight = apply_edits(code, [*tight_operators(code), *tight_commas(code), rename_edit(code, "total", "t")])
    assert tight == "def f(a,b):\n    t=a+b\n    return t"
    assert apply_edits(code, tight_operators(code)) == "def f(a, b):\n    total=a+b\n    return total"
    assert rename_edit(code, "nothing", "x") is None
    assert StyleEdit(((0, 2, ""),)).overlaps(StyleEdit(((2, 3, ""),)))
    assert not StyleEdit(((0, 2, ""),)).overlaps(StyleEdit(((3, 3, "x"),)))


def test_a_variable_spelt_differently_still_is_one_variable():
    code = "def f(last):\n    total = 0\n    total = total + last.total\n    return total"
    new = rename_edit(code, "total", "s")
    assert apply_edits(code, [new]) == "def f(last):\n    s = 0\n    s = s + last.total\n    return s"
    shown = StyleEdit(((code.index("    return"),) * 2 + ("    print(total)\n",),))
    assert apply_edits(code, [new, shown]).endswith("    print(s)\n    return s")
    assert rename_edit(code, "total", "last") is None


def test_better_names_break_no_solution():
    jobs = []
    for assignment in embedded.read_embedded_assignments().values():
        problem = gradable_problem(assignment.name, assignment.question)
        for solution in assignment.solutions.values():
            for spelling, names in NAMES.items():
                code = re.sub(r"\b[A-Z]{4,}\b", lambda match, names=names: names[match[0]], solution)
                other = NAMES[{"plain": "camel"}.get(spelling, "plain")]
                edits = [edit for role, name in names.items() if (edit := rename_edit(code, name, other[role]))]
                jobs += [(problem, apply_edits(code, [edit])) for edit in edits]
    assert {outcome.error for outcome in run_submissions(jobs, workers=2, limits=LIMITS, label="")} == {"none"}
