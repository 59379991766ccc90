# {"category": "exit", "name": "exception with a long chain", "expect": "notpass", "problem": "add"}
def f(x):
    error = ValueError(0)
    for number in range(20000):
        new = ValueError(number)
        new.__cause__ = error
        error = new
    raise error
