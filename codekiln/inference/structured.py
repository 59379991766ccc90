"""Several programs in one request, as JSON by a schema; answers outside the schema are counted and requested again.

The form is ``response_format`` with ``json_schema`` and ``strict`` of the OpenAI API reference, which vLLM, SGLang,
llama.cpp and the hosted services know.
"""

import contextlib
import json
import logging
import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeGuard

from codekiln.data import json_text
from codekiln.data.answers import answer_in
from codekiln.data.fences import fences_in
from codekiln.data.records import Message
from codekiln.data.replies import extract_code
from codekiln.data.text import unix_lines
from codekiln.inference import Sampling
from codekiln.inference.endpoint import EndpointGenerator
from codekiln.inference.response_cache import REFUSED, Completion

log = logging.getLogger(__name__)

ASK = (
    "Write {count} implementations of this task that differ in approach and structure. Each is a whole program, "
    "without tests and without example calls. Answer with JSON alone: "
    '{{"implementations": [{{"approach": "one sentence", "code": "the program"}}]}}'
)
UNLIKE = "There are implementations already, and yours must be unlike them:"
_LIST = "implementations"
_ITEM = {
    "type": "object",
    "properties": {"approach": {"type": "string"}, "code": {"type": "string"}},
    "required": ["approach", "code"],
    "additionalProperties": False,
}
FORMAT = {
    "type": "json_schema",
    "json_schema": {
        "name": "implementations",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {_LIST: {"type": "array", "items": _ITEM}},
            "required": [_LIST],
            "additionalProperties": False,
        },
    },
}
# Bounds the search for the start of the answer in a text around it.
_MAX_STARTS = 50
_START = re.compile(rf'"{_LIST}"\s*:\s*\[\s*(?={{)')


@dataclass
class StructuredGenerator:
    """Requests different programs until there are as many as wanted, or ``attempts`` requests were made.

    Attributes:
        generator: The server.
        sampling: ``n`` is how many programs are wanted of each problem, in one request.
        attempts: Most requests per problem; each asks for those that are still missing.
        malformed: Unusable answers, and unusable programs in answers, by reason: ``refused`` (no text), ``cut-off``
            (token limit reached), ``not-json``, ``out-of-schema``, ``empty``, ``repeated`` (the same program twice).
        missing: Programs that were still missing after the last attempt.
    """

    generator: EndpointGenerator
    sampling: Sampling
    attempts: int = 3
    malformed: Counter[str] = field(default_factory=Counter)
    missing: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def generate(self, prompts: Sequence[tuple[Message, ...]]) -> Iterator[list[str]]:
        """Yield the programs for each prompt, in the order of the prompts; a prompt may get fewer than wanted, or none.

        Raises:
            InputError: The server refuses the key, the model's name or the request.
            ModelError: The server cannot be reached or used, also after all retries.
        """
        found = self.generator.in_order([partial(self._collect, prompt)] for prompt in prompts)
        return (programs for (programs,) in found)

    def _collect(self, prompt: tuple[Message, ...], stop: threading.Event) -> list[str]:
        programs: dict[str, str] = {}
        for attempt in range(self.attempts):
            lacking = self.sampling.n - len(programs)
            if not lacking:
                break
            request = _request(prompt, lacking, list(programs.values()))
            completion = self.generator.answer(request, self.sampling, attempt, stop, response_format=FORMAT)
            if completion.finish_reason == REFUSED:
                break
            given, reasons = read(completion)
            for approach, code in given[:lacking]:
                if code in programs:
                    reasons.append("repeated")
                programs.setdefault(code, approach)
            self._count(reasons, completion)
        with self._lock:
            self.missing += self.sampling.n - len(programs)
        return list(programs)

    def _count(self, reasons: Sequence[str], completion: Completion) -> None:
        with self._lock:
            self.malformed.update(reasons)
        if reasons:
            log.warning("structured answer: %s (%.80r)", ", ".join(reasons), completion.text)


def read(completion: Completion) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the (approach, program) pairs of an answer, and the reasons why other parts of it are unusable."""
    if not completion.text.strip():
        return [], ["refused"]
    text = answer_in(unix_lines(completion.text))
    answers = [found for value in _json_values(text) if (found := _items(value)) is not None]
    broken = [] if answers else ["cut-off" if completion.finish_reason == "length" else "not-json"]
    items = next(filter(None, answers), []) if answers else _before_cut(text)
    read_items = [_program(item) for item in items]
    if answers and not items:
        broken = ["out-of-schema"]
    reasons = [item for item in read_items if isinstance(item, str)]
    return [item for item in read_items if not isinstance(item, str)], reasons + broken


def _items(value: object) -> list[object] | None:
    """Return the implementations of an answer: as asked for, as a bare list, or one alone; empty without any."""
    if isinstance(value, str):
        with contextlib.suppress(ValueError, RecursionError):
            return _items(inner) if not isinstance(inner := json_text.loads(value), str) else []
        return None
    found = value.get(_LIST, value) if isinstance(value, dict) else value
    if isinstance(found, dict):
        return [found] if "code" in found else []
    return found if isinstance(found, list) and any(isinstance(item, dict) for item in found) else []


def _before_cut(text: str) -> list[object]:
    """Return the whole implementations of an answer that ends, or breaks, behind them."""
    start = _START.search(text)
    found: list[object] = []
    place, decoder = start.end() if start else len(text), json.JSONDecoder(strict=False)
    with contextlib.suppress(ValueError, RecursionError):
        while place < len(text):
            item, place = decoder.raw_decode(text, place)
            found.append(item)
            place = text.index("{", place)
    return found


def _json_values(text: str) -> Iterator[object]:
    """Yield a text's JSON values: itself, its fences, and answers that stand between sentences."""
    for whole in (text, *(fence.code for fence in fences_in(text) if fence.language in ("", "json"))):
        with contextlib.suppress(ValueError, RecursionError):
            yield json_text.loads(whole)
    for around in (text, json_text.repaired(text)):
        yield from _values_within(around)


def _values_within(text: str) -> Iterator[object]:
    place, decoder = 0, json.JSONDecoder(strict=False)
    for _ in range(_MAX_STARTS):
        place = text.find("{", place)
        if place < 0:
            return
        try:
            value, place = decoder.raw_decode(text, place)
            # Of an answer that was cut off, its parts are values too.
            if _LIST in value:
                yield value
        except (ValueError, RecursionError):
            place += 1


def _program(item: object) -> tuple[str, str] | str:
    """Return the approach and the program of one implementation, or the reason why it is unusable."""
    fields = item if isinstance(item, dict) else {}
    code, approach = fields.get("code"), fields.get("approach")
    if not _is_text(code):
        return "out-of-schema"
    program = extract_code(code)
    return (approach if _is_text(approach) else "", program) if program.strip() else "empty"


def _is_text(value: object) -> TypeGuard[str]:
    """Return whether a JSON value is a string that UTF-8 can hold: half of a surrogate pair cannot be written."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def _request(prompt: tuple[Message, ...], count: int, approaches: Sequence[str]) -> tuple[Message, ...]:
    text = f"{prompt[-1].content}\n\n{ASK.format(count=count)}"
    if known := [approach for approach in approaches if approach]:
        text += "\n" + "\n".join([UNLIKE, *(f"* {approach}" for approach in known)])
    return (*prompt[:-1], Message(role=prompt[-1].role, content=text))
