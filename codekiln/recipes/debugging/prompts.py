"""The wording of requests and of reference replies, in training rows and in evaluation alike."""

from collections.abc import Mapping

from codekiln.data.records import Message
from codekiln.recipes.debugging.material import ErrorCounts, ExerciseMaterial, ReplyForm
from codekiln.recipes.debugging.tags import ExerciseRequest, write_request

SYSTEM = (
    "You write debugging exercises for people who learn Python. You get a problem, a correct program, and how many "
    "syntax, runtime and logical errors to put into it. A syntax error keeps Python from reading the program, a "
    "runtime error stops it with an exception, a logical error only makes its output wrong. Put in exactly these "
    "errors, on lines that do not touch, and change nothing else. Reply with <root>: the <incorrect-program>, then "
    "for each error its <error-location> and an <explanation> 'Line N: ...'."
)


EDITS_SYSTEM = (
    "You put errors into a correct Python program, for people who learn to debug. A syntax error keeps Python from "
    "reading it, a runtime error stops it with an exception, a logical error makes its output wrong. Put in exactly "
    "the errors asked for, on lines that do not touch. Reply with each line that you change, as 'line N: new text', "
    "'delete line N' or 'after line N: new text', and below it 'why: ' with what is wrong."
)
INSTRUCTIONS: Mapping[ReplyForm, str] = {"program": SYSTEM, "edits": EDITS_SYSTEM}
"""The system turn for each form of replies."""


def request_messages(
    material: ExerciseMaterial, counts: ErrorCounts, system: str = "", reply_form: ReplyForm = "program"
) -> tuple[Message, ...]:
    """Return the conversation that asks for an exercise; without ``system`` it has the instruction of the form."""
    request = write_request(ExerciseRequest(material.description, material.program, counts, reply_form))
    system = system or INSTRUCTIONS[reply_form]
    return (Message(role="system", content=system), Message(role="user", content=request))
