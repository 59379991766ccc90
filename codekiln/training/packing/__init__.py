"""Training on packed rows: no padding, pairs with one copy of their prompt, and as many rows a pass as fit a budget."""
