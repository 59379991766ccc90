"""Tasks from a tree of Python source: which functions there are, which of them can be run, and on what.

Nothing of a corpus is ever imported: it is read as text, parsed, and what has to run runs in the sandbox, in a
program cut out of its module (`slices`).

    walk        the files of a tree, and why the others are left out
    functions   top-level functions and methods of a file
    slices      the part of a module that a function needs to run
    inputs      calls of a function, from its annotations, defaults, names, use, constants and doctests
    trials      the calls that tell something: the original returns plain, varied values
    bugs        mutants of a function that are proven to behave differently
    prompts     how a task of each category is worded
    gold        replies that the source itself gives
    checks      what a reply must have (structure, style), and what it must not (placeholders, invented names)
    behaviour   whether a reply's program does what it should
    shapes      functions without their names, to find renamed copies
    choose      which function serves which category on which side, in exact numbers
"""
