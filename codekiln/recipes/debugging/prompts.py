"""The wording of requests and of reference replies, in training rows and in evaluation alike."""

from codekiln.data.records import Message
from codekiln.recipes.debugging.material import ErrorCounts, ExerciseMaterial
from codekiln.recipes.debugging.tags import ExerciseRequest, write_request

SYSTEM = (
    "You write debugging exercises for people who learn Python. You get a problem, a correct program, and how many "
    "syntax, runtime and logical errors to put into it. A syntax error keeps Python from reading the program, a "
    "runtime error stops it with an exception, a logical error only makes its output wrong. Put in exactly these "
    "errors, on lines that do not touch, and change nothing else. Reply with <root>: the <incorrect-program>, then "
    "for each error its <error-location> and an <explanation> 'Line N: ...'."
)


def request_messages(material: ExerciseMaterial, counts: ErrorCounts, system: str = SYSTEM) -> tuple[Message, ...]:
    """Return the conversation that asks for an exercise."""
    request = write_request(ExerciseRequest(material.description, material.program, counts))
    return (Message(role="system", content=system), Message(role="user", content=request))
