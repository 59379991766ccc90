"""Recipe corpus-tasks: instruction data about the functions of a Python source tree.

Nothing of a corpus is ever imported: files are read as text, and a function runs only in the sandbox, in a program
slice of its module. Modules beyond the standard ones of a recipe, in the order of the pipeline:

    functions               extraction of functions and methods from a file
    slicing, purity         the statements of a module that a function needs, and why some functions have no slice
    type_inference          likely types of a parameter
    call_synthesis          calls that exercise a function
    io_examples             calls with the values that the original returns
    mutants                 versions of a function with one bug, proven to behave differently
    corpus_analysis         all of the above, for a whole corpus
    prompts                 wording of the tasks
    docstring_facts         what the source states about a function
    reference_answers       replies built from these facts
    quota_sampling          exact numbers of tasks per category
    clone_detection         renamed copies of functions, which share a split group
    split                   training and evaluation tasks
    reply_parser, rubric    what a reply contains, and what it should contain
    functional_correctness  execution of the code in a reply
    hallucination           placeholders and names that do not exist
    rejection_sampling      the replies that become training rows
    card                    the data card
"""
