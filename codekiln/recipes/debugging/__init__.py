"""Debugging exercises: correct programs with errors put into them, each proven, with their answers.

material    a description, a correct program, and what it is tried on          content/ has ours, one TOML file each
proving     the program runs on every trial, twice, to the same result
engine      mutations that each do alone what their class says, chosen so that they do not touch
tags        how a request and its reply are written, and read back
judging     what a reply is worth: the proof, applied to whatever a model wrote
examples    finished examples that somebody else wrote, read and judged alike
command     one exercise for one educator
"""
