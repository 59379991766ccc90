"""Fine-tune code language models into models that write correct and maintainable code."""

__version__ = "0.1.0"
