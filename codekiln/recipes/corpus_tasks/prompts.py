"""Wording of the task of each category, the same for teachers, training rows and evaluation."""

from codekiln.recipes.corpus_tasks.functions import Function, header, without_docstring

CATEGORIES = ("docstring", "explain", "bugfix", "complete", "unit_test")

_TASKS = {
    "docstring": "Write a Google-style docstring for {what}: a summary line, then an Args section where it has "
    "parameters. Reply with the docstring alone, in triple quotes, in a Python code block.",
    "explain": "Explain {what} in bullet points: its purpose, each of its parameters, and how it behaves.",
    "bugfix": "There is one bug in {what}{symptom}. Say in a sentence what is wrong and where, then give the whole "
    "corrected {noun} in a Python code block.",
    "complete": "Write the body of {what}. Reply with the whole {noun} in a Python code block.",
    "unit_test": "Write unit tests for {what}: pytest functions named test_..., with assertions. Use `{used}` by its "
    "name, without importing or repeating it. Reply with one Python code block.",
}


def shown_code(category: str, function: Function) -> str:
    """Return the code that a task shows; a bugfix task shows a mutant instead."""
    if category in ("docstring", "explain"):
        return without_docstring(function)
    return header(function) if category == "complete" else function.text


def instruction(category: str, function: Function, code: str, *, context: str = "", symptom: str = "") -> str:
    """Return the prompt of a task.

    Args:
        category: One of `CATEGORIES`.
        function: The function it is about.
        code: The code it shows.
        context: What it shows of the module around the function.
        symptom: A call on which a bug can be seen.
    """
    noun = "method" if function.owner else "function"
    what = f"this method of the class `{function.owner}`" if function.owner else "this function"
    task = _TASKS[category].format(
        what=what, noun=noun, used=function.owner or function.name, symptom=f": {symptom}" if symptom else ""
    )
    if context:
        place = "Its class, and what that uses:" if function.owner else "Its module has:"
        return f"{task} {place}\n\n{fenced(context)}\n\nThe {noun}:\n\n{fenced(code)}"
    return f"{task}\n\n{fenced(code)}"


def fenced(code: str) -> str:
    """Return code in a Python code block."""
    return f"```python\n{code}\n```"
