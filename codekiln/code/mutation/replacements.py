"""What a mutation puts in the place of an operator, a function or a method; one table per kind of mistake."""

BOUNDARY = {"<=": "<", ">=": ">", "<": "<=", ">": ">="}
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
EQUAL = {"==": "!=", "!=": "=="}
IDENTICAL = {"is not": "is", "is": "is not"}
MEMBER = {"not in": "in", "in": "not in"}

ARITHMETIC = {"+": "-", "-": "+", "*": "+", "**": "*", "%": "//"}

FUNCTIONS = {"max": "min", "min": "max", "any": "all", "all": "any", "sum": "len"}
TEXT_METHODS = {
    "upper": "lower",
    "lower": "upper",
    "startswith": "endswith",
    "endswith": "startswith",
    "isupper": "islower",
    "islower": "isupper",
}
