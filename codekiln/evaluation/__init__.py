"""Evaluation: pass@k and mean scores with confidence intervals, paired comparisons, and the promotion gate."""

from codekiln.evaluation.gate import Check, Gate, decide
from codekiln.evaluation.results import comparison_table, results, strata_table, table
from codekiln.evaluation.statistics import Interval, bootstrap
from codekiln.evaluation.summary import CHAMPION, Comparison, Evaluation, evaluate

__all__ = [
    "CHAMPION",
    "Check",
    "Comparison",
    "Evaluation",
    "Gate",
    "Interval",
    "bootstrap",
    "comparison_table",
    "decide",
    "evaluate",
    "results",
    "strata_table",
    "table",
]
