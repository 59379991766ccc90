"""Completions of paid requests on disk, one JSON file each, so that an interrupted run pays for none twice."""

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from codekiln.data.files import write_atomic
from codekiln.errors import InputError

log = logging.getLogger(__name__)

REFUSED = "refused"
THOUGHT = "thought"


class Completion(BaseModel):
    """A server's answer to one request.

    Attributes:
        finish_reason: Why the text ends, as the server says it; `REFUSED` where it refused this request,
            `THOUGHT` where all that it sent is a thought.
        prompt_tokens: Tokens of the request; None when the server gave no count.
        completion_tokens: Tokens of the answer, those of a thought included; None when the server gave no count.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: str
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    request: dict[str, Any]
    reply: Completion


class ResponseCache:
    """A folder of completions, addressed by the sha256 of the whole request.

    Raises:
        InputError: The folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"cannot keep answers there: {error.strerror}",
                where=str(folder),
                fix="set cache_dir to a folder that can be written",
            ) from None

    def get(self, request: dict[str, Any]) -> Completion | None:
        """Return the completion of ``request``, or None; a damaged file counts as none, with a warning."""
        path = self._path(request)
        try:
            return _Entry.model_validate_json(path.read_bytes()).reply
        except FileNotFoundError:
            return None
        except ValidationError:
            log.warning("%s is damaged: asking again", path)
            return None

    def put(self, request: dict[str, Any], completion: Completion) -> None:
        """Keep a completion; a crash leaves either the whole file or none."""
        write_atomic(self._path(request), _Entry(request=request, reply=completion).model_dump_json())

    def _path(self, request: dict[str, Any]) -> Path:
        digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        return self.folder / digest[:2] / f"{digest}.json"
