"""Export of an adapter: as it is, merged into its base, for llama.cpp and Ollama, as an image, and onto the Hub."""

from codekiln.stages.exporting.export import FORMATS, Export, ExportOptions, export

__all__ = ["FORMATS", "Export", "ExportOptions", "export"]
