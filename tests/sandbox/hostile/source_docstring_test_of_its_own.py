# {"category": "source", "name": "docstring test of its own", "expect": "pass", "problem": "add"}
def f(x):
    """
    >>> f(1)
    99
    """
    return x + 1
