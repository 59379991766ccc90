"""Renders the report as one self-contained HTML file."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from codekiln.evaluation.report.data import ReportData
from codekiln.evaluation.report.formatting import visible
from codekiln.evaluation.report.view import page


def render(data: ReportData) -> str:
    """Return the report as one self-contained HTML page.

    The page loads nothing and runs no script, and its content security policy forbids both: it has to work in the
    sandboxed frame of the Kubeflow Pipelines UI, and programs quoted in it must stay text.
    """
    return visible(templates().get_template("report.html").render(page(data)))


@cache
def templates() -> Environment:
    """Return the templates, with HTML escaping on for ``.html`` and a missing name as an error."""
    found = Environment(
        loader=PackageLoader("codekiln.evaluation.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=lambda name: name is not None and name.endswith(".html"),
    )
    found.filters |= {"drawn": Markup, "breakable": _breakable}
    return found


def _breakable(name: str) -> Markup:
    return escape(name).replace("_", Markup("_<wbr>"))
