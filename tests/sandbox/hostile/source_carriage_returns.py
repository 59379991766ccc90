# {"category": "source", "name": "carriage returns", "expect": "pass", "problem": "add"}
def f(x):
    return x + 1
