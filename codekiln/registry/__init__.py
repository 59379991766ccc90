"""Tracking and registry in MLflow: a parent run, a nested run per stage, adapters, champion / challenger aliases."""

from codekiln.registry.registry import Registry
from codekiln.registry.runs import StageRun
from codekiln.registry.versions import Version

__all__ = ["Registry", "StageRun", "Version"]
