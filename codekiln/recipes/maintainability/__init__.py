"""Preference pairs of passing over failing programs, and of better over worse ones by a code metric.

Beside the standard modules: ``rows`` turns graded candidates into training rows, ``pairing`` matches the programs of
one problem; ``given_pairs`` takes programs from preference data that exists, ``label_agreement`` judges its labels.
"""
