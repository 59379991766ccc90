"""The model card of an adapter, in the form that the Hugging Face Hub reads."""

import re
from collections.abc import Sequence

from codekiln.evaluation.report.data import ReportData
from codekiln.evaluation.report.formatting import visible
from codekiln.evaluation.report.render import templates
from codekiln.evaluation.report.view import words

_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
LICENCES = ("apache-2.0", "mit", "bsd-3-clause", "gemma", "llama3.1", "llama3.2", "llama3.3", "bigcode-openrail-m")


def model_card(data: ReportData) -> str:
    """Return the model card of the candidate as Markdown with YAML front matter."""
    shown = words(data)
    # A base that is not on the Hub would be a broken link there.
    base = data.base.id if _HUB_ID.fullmatch(data.base.id) else None
    front = front_matter(base, data.base.licence, [adapter.name for adapter in data.adapters])
    columns = [column["name"] for column in shown["columns"]]
    results = [[row["name"], *(f"{cell['mean']} ({cell['span']})" for cell in row["cells"])] for row in shown["rows"]]
    text = (
        templates()
        .get_template("model_card.md")
        .render(**shown, front=front, results=_table(["contender", *columns], results))
    )
    return visible(text)


def front_matter(base: str | None, licence: str, made_by: Sequence[str], merged: bool = False) -> str:
    """Return the YAML that the Hub reads: base model, licence, and tags after the stages that made the adapter.

    Args:
        base: Hub id of the base; None where it is not on the Hub.
        licence: Licence of the base.
        made_by: Stages.
        merged: Whether the adapter is in the weights.
    """
    import yaml

    tags = ["codekiln", "code", *(() if merged else ("lora",)), *(name.replace("_", "-") for name in made_by)]
    library = "transformers" if merged else "peft"
    front = {"library_name": library, "pipeline_tag": "text-generation", "tags": tags, **_licence(licence)}
    relation = {"base_model_relation": "finetune"} if merged else {}
    return yaml.safe_dump(
        ({"base_model": base, **relation} if base else {}) | front, sort_keys=False, allow_unicode=True
    )


def _licence(name: str) -> dict[str, str]:
    if not name:
        return {}
    known = name.lower() in LICENCES
    return {"license": name.lower()} if known else {"license": "other", "license_name": name}


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
