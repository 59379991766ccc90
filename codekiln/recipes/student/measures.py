"""Measures of how realistic a submission is: its own properties, and their difference from the real submission's."""

from codekiln.evaluation.measures import Measure
from codekiln.recipes.student.outcomes import CLASSES, ErrorClass

ERROR_SHARES: dict[ErrorClass, str] = {
    "compilation": "compilation_errors",
    "runtime": "runtime_errors",
    "logical": "logical_errors",
    "timeout": "timeouts",
    "none": "no_errors",
}
"""Measure that is 1 for a submission with this error class, otherwise 0."""

STYLE_FEATURES = {
    "style_issues": ("issues", "pycodestyle findings per line"),
    "lines": ("lines", "Lines that are not blank"),
    "ast_depth": ("ast_depth", "Depth of the syntax tree"),
    "ast_width": ("ast_width", "Largest number of nodes on a level of the syntax tree"),
    "ast_nodes": ("ast_nodes", "Nodes of the syntax tree"),
}
"""Attribute of `StyleFeatures` and description of each measure of style."""

DISTANCES = {"error_class_distance": tuple(ERROR_SHARES.values())}


def _with_error(name: str, describe: str, share: bool = False) -> tuple[Measure, Measure]:
    """Return a measure of a submission, and the measure of its difference from the real submission."""
    against = f"Absolute difference from the real submission in {name}."
    return (
        Measure(name=name, direction="none", describe=f"{describe}.", share=share),
        Measure(name=f"{name}_error", direction="lower", describe=against, share=share),
    )


MEASURES: tuple[Measure, ...] = (
    Measure(name="valid", direction="higher", describe="The reply is one whole code block or edit script.", share=True),
    Measure(name="thinks", direction="none", describe="The reply starts with a thought.", share=True),
    *_with_error("pass_rate", "Share of the problem's tests that the submission passes", share=True),
    *(
        Measure(
            name=ERROR_SHARES[name], direction="none", describe=f"The submission's error class is {name}.", share=True
        )
        for name in CLASSES
    ),
    Measure(
        name="error_class_match",
        direction="higher",
        describe="The submission has the error class of the real one.",
        share=True,
    ),
    *(measure for name, (_, describe) in STYLE_FEATURES.items() for measure in _with_error(name, describe)),
    *_with_error("style_score", "First principal component of size and tree shape, each standardised"),
    *_with_error("edit_distance", "Share of the text that changes from the submission before", share=True),
    Measure(
        name="ast_distance",
        direction="lower",
        describe="Distance to the real submission: of the syntax trees, or of embeddings where a model is set.",
        share=True,
    ),
    Measure(
        name="coverage",
        direction="higher",
        describe="A reply lies as near to the real submission as its nearest real neighbours (Naeem et al. 2020).",
        share=True,
    ),
    Measure(
        name="diversity",
        direction="none",
        describe="Mean distance between the replies to one row, by the same distance as coverage.",
        share=True,
    ),
    Measure(
        name="submit_match",
        direction="higher",
        describe="The reply says that it is the final attempt exactly when the real one was.",
        share=True,
    ),
)
