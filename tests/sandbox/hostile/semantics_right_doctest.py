# {"category": "semantics", "name": "right doctest", "expect": "pass", "problem": "doctest"}
def f(x):
    if isinstance(x, str): raise TypeError("a number is needed")
    return x + 1
