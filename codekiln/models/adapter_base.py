"""Which base model an adapter was trained on, as its folder says. Loads no torch."""

import json
import re
from pathlib import Path

from codekiln.errors import InputError

CONFIG, RECORD = "adapter_config.json", "codekiln.json"
_REVISION = re.compile(r"\w[\w./-]*")


def trained_on(adapter: Path) -> tuple[str, str | None]:
    """Return an adapter's base model and its revision, by codekiln's record or, without one, by PEFT's.

    Raises:
        InputError: The record cannot be read, or its revision is none.
    """
    record, config = adapter / RECORD, adapter / CONFIG
    try:
        if record.is_file():
            values = json.loads(record.read_bytes())
            return str(values["base"]), _revision(values.get("revision"))
        values = json.loads(config.read_bytes())
        return str(values.get("base_model_name_or_path") or ""), _revision(values.get("revision"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        where = str(record if record.is_file() else config)
        what = f"does not say the base model and its revision: {error}"
        raise InputError(what, where=where, fix="restore the adapter's folder") from None


def _revision(value: str | None) -> str | None:
    # It goes into commands and code of cards, which people run as printed.
    if value is not None and not _REVISION.fullmatch(value):
        raise ValueError(f"{value!r} is no revision")
    return value
