"""What pydantic finds wrong with settings, as errors that say where it is and what to write."""

import json
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel

from codekiln import teachers
from codekiln.errors import InputError, did_you_mean
from codekiln.settings.keys import known
from codekiln.settings.schema import Settings

_OF_TRAINERS = {
    "num_train_epochs": "epochs", "lr": "learning_rate", "per_device_train_batch_size": "micro_batch",
    "gradient_accumulation_steps": "batch_size", "eval_steps": "eval_every", "cutoff_len": "max_length",
    "pref_beta": "beta", "base_url": "url", "rank": "r", "lora_rank": "r", "num_samples": "n", "n_samples": "n",
    "num_epochs": "epochs", "max_seq_length": "max_length", "max_seq_len": "max_length", "warmup_ratio": "warmup",
    "lr_scheduler_type": "scheduler", "save_steps": "eval_every", "grad_clip": "max_grad_norm",
    "bf16": "dtype", "fp16": "dtype", "torch_dtype": "dtype", "load_in_4bit": "quantization",
}  # fmt: skip
"""What transformers, TRL, Axolotl and LLaMA-Factory call settings whose names here are not alike."""
_EXAMPLES = {"url": "http://localhost:8000/v1"}
_OF_KEY = ".api_key_env"
_KEY = "put the key into the environment variable CODEKILN_API_KEY; api_key_env names another variable, if it is in one"


def explain(item: Mapping[str, Any], where: str, schema: type[BaseModel], prefix: str) -> InputError:
    """Return an error of pydantic as one of codekiln.

    Args:
        item: The error.
        where: Which settings it is in.
        schema: What they were checked against.
        prefix: The section that ``schema`` is of, with a dot at its end; empty for the whole.
    """
    location = [str(part) for part in item["loc"]]
    key = prefix + ".".join(location)
    place = f"{where}{'.' if prefix else ': '}{key}".rstrip(".: ")
    if key == "teacher" and isinstance(item["input"], dict):
        given = next(iter(item["input"]), "url")
        fix = f"give its name alone, teacher=endpoint, and teachers.endpoint.{given} beside it"
        return InputError("is the name of a teacher, not a table", where=place, fix=fix)
    if item["type"] == "missing":
        given = (
            f"--set {where.rpartition(': ')[2]}.{key}={_EXAMPLES.get(location[-1], '...')}" if prefix else location[-1]
        )
        return InputError("is needed, and not set", where=place, fix=f"give it: {given}")
    if item["type"] != "extra_forbidden":
        if key.endswith(_OF_KEY):
            return InputError("is no name of an environment variable", where=place, fix=_KEY)
        # Who pastes a key where its file is asked for finds it in no log.
        is_shown = location and not isinstance(item["input"], dict) and "PRIVATE KEY" not in repr(item["input"])
        what = str(item["msg"]).removeprefix("Value error, ").replace("a valid tuple", "a list")
        full = f"{where.rpartition(': ')[2]}.{key}" if prefix else key
        return InputError(
            f"{what} (given: {item['input']!r})" if is_shown else what,
            where=place,
            fix=_as_written(item["type"], full, item["input"]) if is_shown else "correct the value",
        )
    for part in location[:-1]:
        if part.isdecimal():  # a place in an array of tables
            continue
        section = schema.model_fields[part].annotation
        # tuple[Table, ...] is an array of tables.
        section = next(iter(get_args(section)), section)
        schema = section if isinstance(section, type) and issubclass(section, BaseModel) else schema
    name = location[-1]
    meant = _OF_TRAINERS.get(name, "")
    fix = f"did you mean '{meant}'?" if meant in schema.model_fields else did_you_mean(name, schema.model_fields)
    if name == "api_key":
        fix = _KEY
    elif not prefix and len(location) == 1 and (inside := settings_meant(name)):
        fix = f"did you mean {' or '.join(map(repr, inside))}?"
    if name in Settings.model_fields:
        # In TOML all that follows the head of a table belongs to it.
        form = f"as the table [{name}]" if isinstance(item["input"], dict) else "above all tables"
        fix = f"put it {form}, if it is the run's own; in '{key.rpartition('.')[0]}' {fix}"
    return InputError(f"unknown key '{name}'", where=place, fix=fix)


def settings_meant(name: str) -> list[str]:
    """Return the settings that may be meant by a name without its section, or with ``_`` for the point behind it.

    Those of a run come first; the chat client names some of a teacher's, and does not know whose they are.
    """
    if joined := [key for key in known() if key.replace(".", "_") == name]:
        return joined
    name = _OF_TRAINERS.get(name, name)
    sections = ((part, field.annotation) for part, field in Settings.model_fields.items())
    of_run = [
        f"{part}.{name}"
        for part, kind in sections
        if isinstance(kind, type) and issubclass(kind, BaseModel) and name in kind.model_fields
    ]
    of_teachers = (one for one in teachers.names() if name in teachers.get(one).Settings.model_fields)
    return of_run or [f"teachers.{teacher}.{name}" for teacher in of_teachers]


def _as_written(kind: str, key: str, value: Any) -> str:
    """Return how to write a value of a kind that pydantic names."""
    if kind == "string_pattern_mismatch" and key.endswith(".url"):
        return f"begin it with http:// or https://, as in {key}=http://localhost:8000/v1"
    if value in ("", "None", "none") and kind != "tuple_type":
        return f"correct the value, or take out what the profile sets, where a setting may be empty: --set {key}=null"
    if kind == "dict_type":
        return f"write a table, quoted in a shell: --set '{key}={{name = \"value\", ...}}'"
    if kind != "tuple_type":
        return "correct the value"
    if (key, value) == ("lora.targets", "all-linear"):
        return f"take it out (--set {key}=null): all linear layers get one, unless the base model's file names others"
    # A shell takes the quotes out of ["a", "b"], and what is left is a text; others write a,b.
    inside = value.removeprefix("[").removesuffix("]") if isinstance(value, str) else None
    if inside and inside != value and "{" in inside:
        return f"put the whole into quotes for the shell, and each text in it: --set '{key}=[{{name=\"...\", ...}}]'"
    parts = [] if inside is None else [part.strip() for part in inside.split(",")]
    items = [value] if inside is None else [int(part) if part.isdecimal() else part for part in parts if part]
    return f"write a list, quoted in a shell: --set '{key}={json.dumps(items, default=str)}'"
