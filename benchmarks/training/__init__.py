"""Training on packed rows, beside TRL's own trainers on the same rows."""
