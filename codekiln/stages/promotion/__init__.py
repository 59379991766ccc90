"""What a promotion leaves to be proven later: its record, made here, and what is recomputed from it."""
