# {"category": "exit", "name": "exception with an endless chain", "expect": "notpass", "problem": "add"}
def f(x):
    one, other = ValueError("a"), ValueError("b")
    one.__cause__, other.__cause__ = other, one
    one.__context__, other.__context__ = other, one
    raise one
