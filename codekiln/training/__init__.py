"""Supervised fine-tuning and direct preference optimisation of LoRA adapters; nothing here loads torch on import."""
