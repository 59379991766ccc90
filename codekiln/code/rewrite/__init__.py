"""Programs into programs: canonical forms, styles and bugs, all by AST."""
