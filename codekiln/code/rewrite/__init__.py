"""Rewrites of programs by AST that keep what a program does: its style, its comments, its layout."""
