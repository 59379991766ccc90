# {"category": "inproc", "name": "assertion error where an error is wanted", "expect": "notpass", "problem": "raises"}
def f(x):
    if x < 0: raise AssertionError
    return x + 1
