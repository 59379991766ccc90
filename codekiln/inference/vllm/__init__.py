"""Sampling through vLLM, which runs in a process of its own under an interpreter that has it."""
