"""What other tools call the fields of a sample, and how they nest samples in rows and files.

Read in EvalPlus 0.3.1 (``evaluate.py``: samples and ``_eval_results.json``), HumanEval (``_results.jsonl``),
LiveCodeBench (``insert_output_evaluation``, ``custom_evaluator.py``), APPS (``all_codes.json``),
bigcode-evaluation-harness (``save_json_files``), lm-evaluation-harness (``--log_samples``), MultiPL-E, AgentCoder, the
batch output of OpenAI (chat completions and responses), Anthropic and Gemini, ShareGPT, pandas (``to_json``), and
verifiers (``results.jsonl``).
"""

import ast
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from codekiln.data.readers.files import Row
from codekiln.data.readers.reply_texts import choices, is_one_text, text_of
from codekiln.errors import InputError

IDS = (
    "task_id", "question_id", "problem_id", "mbpp_id", "custom_id", "instance_id", "example_id", "task", "doc_id", "id",
)  # fmt: skip
"""What tools call the name of a problem; the first that a row has counts."""
_OWN_IDS = IDS[:4]
"""Those that name nothing else, also in an object with the whole problem."""
TEXTS = ("solution", "completion")
REPLIES = (
    "generated_code", "response", "generation", "program", "generated_text", "generated_solution", "model_response",
    "model_output", "raw_response", "raw_output", "llm_response", "prediction", "reply", "output", "answer", "code",
    "messages", "choices", "conversations", "conversation", "result", "modelOutput",
)  # fmt: skip
"""What they call a reply; each is read as a completion, and counts where a row has none of `TEXTS`."""
LISTS = (
    "solutions", "completions", "responses", "generations", "generated_texts", "generated_sequences",
    "generated_codes", "outputs", "predictions", "samples", "candidates", "code_list", "output_list",
    "filtered_resps", "resps", "completion_list", "response_list", "generation_list", "solution_list",
    "programs", "attempts", "trials",
)  # fmt: skip
"""What they call several replies to one problem in one row; ``solutions`` stand alone."""
_GRADED_LISTS = ("results", "runs")
"""The same, where each is an object with a reply, and not a verdict."""
_OTHER_IDS = ("key", "recordId", "name")
"""The same, where a row has a reply too: batches of Gemini and Bedrock, MultiPL-E."""
_GIVEN = (*TEXTS, *REPLIES, *LISTS, "candidates", "message")
_QUOTED = 300
MODELS = ("model", "model_name", "model_id")
_WRAPPERS = ("eval", "samples", "results", "data", "rows", "generations", "predictions", "outputs")
"""What they call the list of rows, or the table of rows by problem, that is the only row of a file."""
_OF_A_PROBLEM = ("test_list", "test", "tests", "canonical_solution")
"""Fields of a problem: beside one of these ``code`` is the reference."""
_NUMBERED = re.compile(r".*\d.*")
_FIRST_TASKS = {164: 0, 500: 11}
"""Tasks of HumanEval, and of MBPP's test split, by the length of a list of replies without names."""


def single(where: str, row: Any) -> Iterator[Row]:
    """Yield a row for each reply that a row of a file has, under the names that a sample has.

    A row of no known form is yielded as it is.
    """
    for wrapper in ("sample", "row"):  # what `codekiln grade` writes, and the Hub's data set viewer
        row = row[wrapper] if isinstance(row, dict) and isinstance(row.get(wrapper), dict) else row
    if not isinstance(row, dict):
        yield where, row
        return
    if (columns := _columns(row)) is not None:
        yield from _by_columns(where, row, columns)
        return
    name = _name_of(row)
    if name is None:
        yield from _of_file(where, row)
        return
    if (failure := _failure(row)) is not None:
        what = f"the request for '{name}' failed ({failure})"
        yield where, InputError(what, where=where, fix="ask again for it, or remove the row")
    elif (text := _first(row, TEXTS)) is not None:
        if isinstance(row[text], dict | list):
            yield from _replies(where, row, name, text)
        else:
            yield where, _with(row, name, text, row[text])
    elif (field := _reply_field(row)) is not None:
        yield from _replies(where, row, name, field)
    elif (field := _list_field(row)) is not None:
        yield from _several(where, row, name, field)
    else:
        yield where, row


def without_names(rows: list[Row]) -> list[Row] | None:
    """Return rows with names for lists of replies in the order of a benchmark's tasks; None for another length.

    bigcode-evaluation-harness writes one list of replies a task, and no name of a task.
    """
    first = _FIRST_TASKS.get(len(rows))
    if first is None:
        return None
    return [(where, {"task_id": str(first + place), "solutions": row}) for place, (where, row) in enumerate(rows)]


def is_known(row: Any) -> bool:
    """Return whether a row has the name of a problem and a reply, under any name."""
    has_text = isinstance(row, dict) and any(row.get(field) is not None for field in (*TEXTS, *REPLIES, *LISTS))
    return has_text and _name_of(row) is not None


def _name_of(row: Mapping[str, Any]) -> str | None:
    """Return the name of the problem; numbers as text."""
    if (name := _first_name(row, _OWN_IDS)) or row.get("task_id") is not None:
        return name
    if any(isinstance(row.get(field), list) and any(map(_has_name, row[field])) for field in _WRAPPERS):
        return None  # the name of a run
    if field := _problem_field(row):
        return _first_name(row[field], _OWN_IDS)
    if name := _first_name(row, IDS):
        return name
    others = (row[field] for field in _OTHER_IDS if isinstance(row.get(field), str) and row[field])
    return next(others, None) if _reply_field(row) or _list_field(row) or row.get("error") else None


def _first_name(row: Mapping[str, Any], fields: tuple[str, ...]) -> str | None:
    """Return the name in the first of some fields that has one; numbers as text."""
    for field in fields:
        value = row.get(field)
        if isinstance(value, str) and value:
            return value
        if type(value) is int or (type(value) is float and value.is_integer()):
            return str(int(value))
    return None


def _problem_field(row: Mapping[str, Any]) -> str | None:
    """Return the field that holds the row's problem, or what is known of it, with its name; None without one."""
    fields = (field for field, value in row.items() if isinstance(value, dict) and field not in _GIVEN)
    return next((field for field in fields if _first_name(row[field], _OWN_IDS)), None)


def _has_name(row: Any) -> bool:
    return isinstance(row, dict) and _name_of(row) is not None


def _failure(row: Mapping[str, Any]) -> str | None:
    """Return what a batch says of a request that failed: OpenAI's, Anthropic's and Gemini's; None where it did not."""
    for answer in (row.get("response"), row.get("result"), row):
        inner = answer
        while isinstance(inner, dict) and isinstance(inner.get("body"), dict):
            inner = inner["body"]
        if (
            not isinstance(inner, dict)
            or not inner.get("error")
            or any(inner.get(field) is not None for field in _GIVEN)
        ):
            continue
        said: Any = inner["error"]
        while isinstance(said, dict):
            said = said.get("message") or said.get("error") or json.dumps(said)
        return " ".join(str(said).split())[:_QUOTED]
    return None


def _columns(row: Mapping[str, Any]) -> dict[str, Any] | list[Any] | None:
    """Return the column of names where a row holds columns: one of replies is as long; None where it holds none."""
    names = next((row[field] for field in IDS if row.get(field)), None)
    if not isinstance(names, dict | list):
        return None
    replies = (row[field] for field in (*TEXTS, *REPLIES, *LISTS) if isinstance(row.get(field), type(names)))
    return names if any(len(column) == len(names) for column in replies) else None


def _by_columns(where: str, row: Mapping[str, Any], names: dict[str, Any] | list[Any]) -> Iterator[Row]:
    """Yield the rows of an object that holds columns, each a list or a table by the index of a row."""
    places: Any = names if isinstance(names, dict) else range(len(names))
    for place in places:
        cells: dict[str, Any] = {}
        for field, column in row.items():
            with contextlib.suppress(LookupError, TypeError):
                cells[field] = column[place]
        yield from single(f"{where}[{place}]", cells)


def _first(row: Mapping[str, Any], fields: tuple[str, ...]) -> str | None:
    return next((field for field in fields if row.get(field) is not None), None)


def _reply_field(row: Mapping[str, Any]) -> str | None:
    of_problem = any(field in row for field in _OF_A_PROBLEM)
    given = [field for field in REPLIES if row.get(field) is not None and not (of_problem and field == "code")]
    # In a batch of Anthropic's the reply, elsewhere a verdict.
    given = [field for field in given if field != "result" or isinstance(row[field], dict)]
    return next((field for field in given if text_of(row[field]) != ""), next(iter(given), None))


def _list_field(row: Mapping[str, Any]) -> str | None:
    if found := next((field for field in LISTS if isinstance(_list(row.get(field)), list)), None):
        return found
    lists = (field for field in _GRADED_LISTS if isinstance(row.get(field), list) and row[field])
    return next(
        (field for field in lists if all(isinstance(item, dict) and _reply_field(item) for item in row[field])), None
    )


def _with(row: Mapping[str, Any], name: str, field: str, text: Any, *used: str) -> dict[str, Any]:
    """Return a sample's fields: what names and holds the reply is taken out, what is left may be ignored."""
    gone = {*IDS, *used, *(TEXTS if field not in used and used else ()), _problem_field(row), "arguments", "doc_id"}
    rest = {key: value for key, value in row.items() if key not in gone}
    if (model := _first(row, MODELS)) is not None:
        rest = {key: value for key, value in rest.items() if key != model} | {"model": row[model]}
    return {**rest, "task_id": name, field: text}


def _replies(where: str, row: Mapping[str, Any], name: str, field: str) -> Iterator[Row]:
    value = choices(row[field])
    texts = _list(value)
    if isinstance(texts, list) and not is_one_text(texts):
        yield from _several(where, {**row, field: texts}, name, field)
        return
    yield where, _read(where, row, name, "completion", value, field)


def _several(where: str, row: Mapping[str, Any], name: str, field: str) -> Iterator[Row]:
    kind = "solution" if field in ("solution", "solutions", "code_list") else "completion"
    texts = _flat(_list(row[field]))
    others = _flat(_list(row.get("output_list"))) if field == "code_list" else []
    for place, value in enumerate(texts):
        at = f"{where}.{field}[{place}]"
        if isinstance(value, dict) and _first(value, (*TEXTS, *REPLIES)) is not None:
            yield from single(at, {**value, "task_id": name})
            continue
        # What a harness could not extract may be there in the reply.
        if value in ("", None) and place < len(others):
            yield at, _with(row, name, "completion", others[place], field, "output_list")
        else:
            yield at, _read(at, row, name, kind, value, field, "output_list")


def _read(where: str, row: Mapping[str, Any], name: str, kind: str, value: Any, *used: str) -> Any:
    """Return a sample's fields, with the text of a reply under the name ``kind``; an InputError where it has none."""
    if (text := text_of(value)) is not None:
        return _with(row, name, kind, text, *used)
    inside = f"an object with the fields {', '.join(map(str, value))}" if isinstance(value, dict) else json.dumps(value)
    what = f"'{used[0]}' holds no text: {inside[:_QUOTED]}"
    return InputError(what, where=where, fix="give the reply as a text, or as a chat server's answer")


def _of_file(where: str, row: dict[str, Any]) -> Iterator[Row]:
    """Yield the rows of an object that holds a whole file: a wrapper, or replies by the names of their problems."""
    names, cells = row.get("columns"), row.get("data")
    if isinstance(names, list) and isinstance(cells, list) and all(isinstance(line, list) for line in cells):
        for place, line in enumerate(cells):
            yield from single(f"{where}.data[{place}]", dict(zip(names, line, strict=False)))
        return
    for field in _WRAPPERS:
        inner = row.get(field)
        if isinstance(inner, list) and inner and all(isinstance(item, dict) for item in inner):
            for place, item in enumerate(inner):
                yield from single(f"{where}.{field}[{place}]", item)
            return
        if isinstance(inner, dict) and _is_table(inner):
            yield from _by_name(f"{where}.{field}", inner)
            return
    if _is_table(row):
        yield from _by_name(where, row)
    else:
        yield where, row


def _is_table(row: Mapping[str, Any]) -> bool:
    """Return whether the keys are names of problems, all of which have a number in them."""
    return bool(row) and all(
        _NUMBERED.fullmatch(key) and isinstance(value, str | list | dict) for key, value in row.items()
    )


def _by_name(where: str, table: Mapping[str, Any]) -> Iterator[Row]:
    names = list(table)
    if names == [str(place) for place in range(len(names))] and (first := _FIRST_TASKS.get(len(names))):
        # OpenCompass numbers the problems of MBPP's test split from zero.
        table = {str(first + place): value for place, value in enumerate(table.values())}
    for name, value in table.items():
        at = f"{where}[{name!r}]"
        if isinstance(value, dict):
            yield from single(at, {"task_id": name, **value})
        elif isinstance(value, list):
            yield from _several(at, {"task_id": name, "generations": value}, name, "generations")
        else:
            yield at, {"task_id": name, "completion": value}


def _list(value: Any) -> Any:
    """Return a value; a list that a cell of a CSV file holds as text as the list."""
    if not isinstance(value, str) or not value.lstrip().startswith(("['", '["', '[["', "[['")):
        return value
    for read in (json.loads, ast.literal_eval):
        try:
            return read(value)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return value


def _flat(values: Any) -> list[Any]:
    if not isinstance(values, list):
        return []
    return [inner for value in values for inner in (value if isinstance(value, list) else [value])]
