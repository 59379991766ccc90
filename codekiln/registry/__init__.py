"""MLflow as codekiln uses it: a parent run, one nested run per stage, adapters, and champion / challenger aliases."""

from codekiln.registry.registry import Registry
from codekiln.registry.runs import StageRun
from codekiln.registry.versions import Version

__all__ = ["Registry", "StageRun", "Version"]
