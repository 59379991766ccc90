# {"category": "hang", "name": "at the last call", "expect": "notpass", "problem": "add"}
def f(x):
    while x == -1: pass
    return x + 1
