"""Programs that a model of ours writes for problems: a job that runs here or on a GPU pool."""
