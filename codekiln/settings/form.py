"""The run form: what each input of the pipelines takes, as the pipelines, commands and documentation say it."""

from collections.abc import Iterable
from typing import NamedTuple

from codekiln import __version__


class FormField(NamedTuple):
    """An input of a pipeline: what it takes, an example, and what it means when it is empty."""

    takes: str
    example: str
    empty: str = ""


FIELDS: dict[str, FormField] = {
    "recipe": FormField("data recipe, a name of `codekiln recipes`", "maintainability", "the profile's"),
    "base_model": FormField("a name of `codekiln models`, or a Hub id", "gemma3-12b", "the profile's"),
    "profile": FormField("sizes and defaults: a profile that ships with codekiln, or one of the chart's", "cluster"),
    "metric": FormField("the measure that the gate tests", "structural_maintainability", "the recipe's"),
    "pool": FormField("GPU pool that trains and samples", "h200", "the steps themselves, without a GPU"),
    "experiment": FormField("MLflow experiment", "codekiln", "the profile's"),
    "promote_as": FormField("registered model name", "codekiln-gemma3-12b", "`codekiln-` and the base model"),
    "adapter": FormField(
        "the adapter to judge: a version or alias in the registry", "models:/codekiln-tiny@challenger"
    ),
    "image": FormField("image of the steps", f"registry.example.com/ml/codekiln/cpu:{__version__}"),
    "overrides": FormField(
        "settings over the profile, a JSON object of names and values",
        '{"sft.epochs": 2, "evaluation.benchmark": [{"name": "x", "source": "x.jsonl"}]}',
        "nothing",
    ),
}


def describe(field: str) -> str:
    """Return what a field takes, with an example, in one line."""
    takes, example, empty = FIELDS[field]
    return f"{takes}, for example `{example}`" + (f"; empty: {empty}" if empty else "")


def describe_all(fields: Iterable[str]) -> str:
    """Return a Markdown list of fields and what they take, as the description of a pipeline shows it."""
    return "\n".join(f"* `{field}`: {describe(field)}" for field in fields)
