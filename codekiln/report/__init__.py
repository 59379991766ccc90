"""The report people read and the model card that travels with an adapter."""

from codekiln.report.card import model_card
from codekiln.report.data import ReportData
from codekiln.report.render import render

__all__ = ["ReportData", "model_card", "render"]
