"""What base models in 4 bits need. Imports no torch."""

from codekiln.errors import InputError, uninstalled


def require_bitsandbytes() -> None:
    """Raise an InputError where bitsandbytes, which quantises weights, is not installed."""
    if "bitsandbytes" in uninstalled("train"):
        raise InputError(
            "needs the package bitsandbytes",
            where="lora.quantization",
            fix="pip install 'codekiln[train]', or set lora.quantization = none",
        )
