"""A small course written by hand: two problems, one with fixed code, and streams of a few students."""

from codekiln.data.records import CallTest
from codekiln.recipes.student.course import Course, Stream
from codekiln.recipes.student.questions import Question
from codekiln.recipes.student.schema import NextInput, NextRow, StageInput, StageRow

DOUBLE = Question(
    assignment_name="lab01",
    instructions="Return twice x.",
    skeleton_code_todo="def double(x):\n    # YOUR CODE HERE",
    entry_point="double",
    doctests=">>> double(2)\n4\n>>> double(-1)\n-2\n",
)
STACK = Question(
    assignment_name="lab02",
    instructions="Write a class with push and top.\n\n\n\nUse first_of.",
    skeleton_code_fixed="def first_of(items):\n    return items[0]",
    skeleton_code_todo="class Stack:",
    doctests=">>> stack = Stack()\n>>> stack.push(3)\n>>> stack.top()\n3\n",
)
LAST = Question(
    assignment_name="lab03",
    instructions="Return the last item of a list that is not empty.",
    skeleton_code_todo="def last(items):",
    entry_point="last",
    tests=(CallTest(call=[[1, 2]], expect=2), "assert last('ab') == 'b'"),
)
QUESTIONS = {"double": DOUBLE, "stack": STACK, "last": LAST}

RIGHT = "def double(x):\n    return 2 * x"
NO_COLON = "def double(x)\n    return 2 * x"
RAISES = "def double(x):\n    return 2 * y"
WRONG = "def double(x):\n    return x ** 2"
HANGS = "while True:\n    pass"
STACK_RIGHT = (
    "class Stack:\n    def __init__(self):\n        self.items = []\n\n    def push(self, item):\n"
    "        self.items = [item] + self.items\n\n    def top(self):\n        return first_of(self.items)"
)


def stream(student, question, *codes, semester="autumn", **fields):
    return Stream(student, semester, question, codes, **fields)


def course(students=6):
    streams = []
    for number in range(students):
        name = f"ann{number}"
        streams.append(stream(name, "double", f"x{number} = (", f"# {name}\n{WRONG}", f"# {name} is done\n{RIGHT}"))
        streams.append(stream(name, "stack", f"n{number} = {number} + {number}", STACK_RIGHT + f"\n\nk = {number}"))
        streams.append(stream(name, "last", f"def last(items):\n    z{number} = items\n    return z{number}[-1]"))
    return Course(QUESTIONS, tuple(streams))


def common(question="double", student="ann"):
    return {
        "student_id": student,
        "semester": "autumn",
        "assignment_name": "lab01",
        "question_name": question,
        "instructions": "Return twice x.",
        "skeleton_code_fixed": "",
        "skeleton_code_todo": "def double(x):",
    }


def stage_row(output=RIGHT, stage="submission_first", past=(), **fields):
    given = StageInput(**common(**fields), stage=stage, past_problem_submissions=past)
    return StageRow(INPUT=given, OUTPUT=output)


def next_row(output=RIGHT, prior=(), past=(), feedback=None, **fields):
    given = NextInput(
        **common(**fields),
        curr_problem_prior_submissions=prior,
        past_problem_submissions=past,
        curr_problem_prior_bot_feedback=feedback,
    )
    return NextRow(INPUT=given, OUTPUT=output)
