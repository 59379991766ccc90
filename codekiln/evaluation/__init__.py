"""Evaluation: pass@k and mean scores with confidence intervals, paired comparisons, and the promotion gate."""

from codekiln.evaluation.gate import Check, Gate, decide
from codekiln.evaluation.results import benchmark_table, comparison_table, results, strata_table, table
from codekiln.evaluation.statistics import Interval, bootstrap, mean_intervals
from codekiln.evaluation.summary import CHAMPION, Comparison, Decomposition, Evaluation, evaluate

__all__ = [
    "CHAMPION",
    "Check",
    "Comparison",
    "Decomposition",
    "Evaluation",
    "Gate",
    "Interval",
    "benchmark_table",
    "bootstrap",
    "comparison_table",
    "decide",
    "evaluate",
    "mean_intervals",
    "results",
    "strata_table",
    "table",
]
