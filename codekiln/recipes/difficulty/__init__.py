"""How hard problems are for models, and data sets that hold a stated share of each difficulty."""
