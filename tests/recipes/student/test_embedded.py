"""The embedded class: enough of it, always the same, with streams that look like streams."""

import ast
import itertools
import random
import re
from collections import Counter

import pytest

from codekiln.code.distance import edit_distance
from codekiln.code.mutation import mutations
from codekiln.recipes.student import embedded
from codekiln.recipes.student.course import Course
from codekiln.recipes.student.embedded.attempts import MOST_MISTAKES, Draft, _mistakes, _unfinished
from codekiln.recipes.student.embedded.edits import StyleEdit, apply_edits, rename_edit, tight_commas, tight_operators
from codekiln.recipes.student.embedded.mistakes import possible_mistakes
from codekiln.recipes.student.embedded.plausibility import UNLIKELY, is_plausible
from codekiln.recipes.student.embedded.profiles import NAMES, draw_profile
from codekiln.recipes.student.embedded.rendering import COMMENTS, render_solutions
from codekiln.recipes.student.embedded.traces import Cut
from codekiln.recipes.student.ground_truth import gradable_problem
from codekiln.recipes.student.outcomes import run_submissions
from codekiln.recipes.student.settings import StudentSettings
from codekiln.sandbox.limits import Limits

COMMENT_LINES = [text for texts in COMMENTS.values() for text in texts] + ["# YOUR CODE HERE"]
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


def solutions():
    rng = random.Random(2)
    for assignment in embedded.read_embedded_assignments().values():
        for _ in range(3):
            profile = draw_profile(rng)
            yield render_solutions(assignment, profile, rng)[0][1], rng


def test_mistakes_are_those_of_novices():
    for solution, rng in solutions():
        for mistake in [one for ones in possible_mistakes(solution, rng, python_2=True).values() for one in ones]:
            wrong = apply_edits(solution, [mistake.edit])
            assert mistake.kind not in UNLIKELY
            assert not re.search(r"^\s*(\w+) = \1$|range\(\)|(?<!\.)len\(\)|rangen|\(\]|\[\)", wrong, re.MULTILINE), (
                wrong
            )
            assert compiles(wrong) or mistake.group == "syntax"
            if compiles(wrong):
                chains = [node.ops for node in ast.walk(ast.parse(wrong)) if isinstance(node, ast.Compare)]
                assert not any({type(op).__name__[0] for op in ops} >= {"L", "G"} for ops in chains), wrong


@pytest.mark.parametrize(
    ("code", "kind", "wrong"),
    [
        ("def f(n):\n    if n % 10 == 2:\n        return 1\n", "wrong-constant", "    if n % 9 == 2:"),
        ("def f(n):\n    count = 0\n    count = count + 1\n    return count\n", "swapped-offset", "count = count - 1"),
        ("def f(a, b, c):\n    return a <= b <= c\n", "wrong-direction", "    return a <= b >= c"),
        ("def f(n):\n    return len(n)\n", "missing-argument", "    return len()"),
        ("def f(x):\n    item = x.pop()\n    return item\n", "missing-initialisation", "def f(x):\n    return item"),
        ("def f(x):\n    return not x\n", "foreign-keyword", "    return ! x"),
        ("def f(x):\n    y = []\n    return y\n", "mismatched-bracket", "y = [)"),
        ("def f(x):\n    y = x in x\n    return y\n", "capitalised-keyword", "x In x"),
    ],
)
def test_what_no_student_writes_is_no_mistake(code, kind, wrong):
    made = {apply_edits(code, [StyleEdit(((one.start, one.end, one.text),))]): one for one in mutations(code)}
    found = [one for text, one in made.items() if wrong in text and one.kind == kind]
    assert found
    assert not any(is_plausible(code, one) for one in found)


def test_a_start_value_moves_into_the_loop_and_a_left_out_line_takes_its_comment_along():
    code = "def f(x):\n    s = 0\n    for n in x:\n        s = s + n\n    return s\n"
    moved = [one for one in possible_mistakes(code, random.Random(0), False)["logical"] if one.kind == "reset-in-loop"]
    assert [apply_edits(code, [one.edit]).count("s = 0") for one in moved] == [1]
    code = "def f(n):\n    # special case\n    if n <= 1:\n        return 1\n    return n * f(n - 1)\n"
    gone = [one for ones in possible_mistakes(code, random.Random(0), False).values() for one in ones]
    texts = [apply_edits(code, [one.edit]) for one in gone if one.kind == "missing-base-case"]
    assert texts == ["def f(n):\n    return n * f(n - 1)\n"]


def test_no_attempt_has_two_mistakes_in_a_line_or_changes_what_stands_above_the_place_of_work():
    for solution, rng in solutions():
        draft = Draft(solution, "for", 4, finished=True)
        unfinished = _unfinished(draft, rng)
        stays = _mistakes(draft, unfinished, draw_profile(rng), rng)
        for one, other in itertools.combinations(stays, 2):
            at_once = one.first < other.end and other.first < one.end
            assert not (at_once and one.what.edit.shares_line(other.what.edit, solution))
            assert not (at_once and {one.what.kind[:8], other.what.kind[:8]} == {"misspelt"})
        for stay, cut in itertools.product(stays, unfinished):
            place = cut.what.edit.spans[0][0]
            ends = [end for _, end, _ in stay.what.edit.spans]
            assert stay.what.edit.spans[0][0] >= place or max(ends) < place


def test_a_line_that_is_kept_as_a_comment_is_the_line_that_was_there(whole):
    kept = 0
    for stream in whole.streams:
        skeleton = whole.questions[stream.question].skeleton_code_todo.split("\n")
        for before, after in zip(stream.submissions, stream.submissions[1:], strict=False):
            old, new = ([line.strip() for line in text.split("\n")] for text in (before, after))
            for line in new:
                if line.startswith("# ") and line not in [*old, *COMMENT_LINES] and line not in skeleton:
                    kept += 1
                    assert line.removeprefix("# ") in old, (line, before)
    assert kept > 5


def test_no_attempt_has_more_than_a_few_mistakes():
    for solution, rng in solutions():
        stays = _mistakes(Draft(solution, "for", 7, finished=True), [], draw_profile(rng), rng)
        assert max(sum(stay.first <= number < stay.end for stay in stays) for number in range(7)) <= MOST_MISTAKES


def test_who_writes_a_thing_right_elsewhere_writes_it_right():
    code = "def f(x, y):\n    if len(x) > len(y):\n        return x[0]\n    return y[0]\n"
    made = [one for one in mutations(code) if one.kind in ("length-as-attribute", "index-in-round-brackets")]
    assert len({one.kind for one in made}) == 2
    assert not any(is_plausible(code, one) for one in made)
    once = "def f(x):\n    return x[0] + len(x)\n"
    kinds = {one.kind for one in mutations(once) if is_plausible(once, one)}
    assert {"length-as-attribute", "index-in-round-brackets"} <= kinds
    code = "def f(x):\n    return 'a' <= x <= 'z'\n"
    assert not any(is_plausible(code, one) for one in mutations(code, kinds=["unquoted-word"]))


def test_what_was_right_is_broken_only_where_an_attempt_works_and_is_not_left_out_there():
    broken = 0
    for solution, rng in solutions():
        draft = Draft(solution, "for", 6, finished=True)
        unfinished = _unfinished(draft, rng)
        stays = _mistakes(draft, unfinished, draw_profile(rng), rng)
        for stay in stays:
            ended = [one.what for one in [*unfinished, *stays] if one.end == stay.first]
            near = [one for one in ended if one.edit.shares_line(stay.what.edit, solution)]
            loses = any(len(new) < end - start for start, end, new in stay.what.edit.spans)
            assert stay.first == 0 or any(isinstance(one, Cut) or not loses for one in near)
            broken += stay.first > 0
    assert broken
