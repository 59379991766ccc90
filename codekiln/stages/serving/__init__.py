"""Serving: vLLM with a registered version as a LoRA adapter, and a follower that keeps it equal to the alias."""
