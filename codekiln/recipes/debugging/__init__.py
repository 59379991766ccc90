"""Debugging exercises: correct programs with errors put into them, each proven, with their answers.

Beside the standard modules:

material             a description, a correct program, and the trials that show what the program does
program_check        which programs can be used: they run on every trial, twice, to the same result
input_search         standard inputs for programs that came without any
problem_sets         everything of a run put together, from folders to training and evaluation problems
split                near-duplicates in groups, and groups in splits
error_injection      mutations that each do alone what their class says, chosen so that they do not touch
error_capacity       how many errors a program can hold
planning             which errors are asked of which exercise
fault_masking        errors that hide each other in one program
prompts, tags        how a request and its reply are worded, written, and parsed
edit_replies         replies that are edit scripts, and no whole programs
imported_examples    finished examples of other authors, read by a lenient parser
explanation_match    whether an explanation names a change
explained_errors     which explanation is of which change, and what is one error
rows                 graded replies to training rows
command, handout     one exercise for one educator
"""
