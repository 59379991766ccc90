"""Recipe student: models that write what a student submits next, evaluated by how realistic the submissions are.

Modules beyond the standard ones of a recipe, in the order of the pipeline:

    questions     problems with their tests, by semester, and tests that stand in skeletons
    course        streams of submissions
    schema        rows of experiments 1 and 2, as published with ParaStudent
    variants      rows of each variant from streams
    embedded      a synthetic class, so that everything runs without private data
    split         training data and the four evaluation cells
    templates     rows as conversations, and the submission in a reply; edit_template: replies that are edits
    reconstruction  thoughts that a teacher writes
    outcomes      tests passed, and error classes
    style         style features and the style score
    embedding     distances by the embeddings of a local model
    ground_truth  real submissions, run and measured
    measures      the measures of realism
    stages        stages of published rows that other rows contradict
    pairing       training examples and preference pairs
    card          the data card
"""
