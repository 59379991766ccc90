"""The HTML report of a run, and the model card of its adapter."""

from codekiln.evaluation.report.card import model_card
from codekiln.evaluation.report.data import ReportData
from codekiln.evaluation.report.render import render

__all__ = ["ReportData", "model_card", "render"]
