"""Recipe corpus-tasks: instruction data about the functions of a Python source tree.

Nothing of a corpus is ever imported: files are read as text, and a function runs only in the sandbox, in a program
slice of its module. Modules beyond the standard ones of a recipe, in the order of the pipeline:

    functions               extraction of functions and methods from a file
    corpus_modules          modules by their dotted names, and where imports lead
    free_names              what a statement reads
    slice_closure           the statements of a corpus that a function needs
    slicing, slice_text     the program made of them
    purity                  what reads the machine, and why some functions have no slice
    slice_runtime           runs in the sandbox: linked modules and recording fakes
    slice_helpers           runs in the sandbox: what the calls of examples use
    docstrings              docstrings of all styles, in parts
    docstring_examples      doctest examples with the statements they need
    type_inference          likely types of a parameter
    call_synthesis          calls that exercise a function
    io_examples             calls with the values that the original returns
    mutants                 versions of a function with one bug, proven to behave differently
    corpus_analysis         all of the above, for a whole corpus
    prompts                 wording of the tasks
    docstring_facts         what the docstring states about a function
    body_facts              what its syntax shows
    module_context          what a prompt shows of the module
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
