# {"category": "semantics", "name": "right by an exception", "expect": "pass", "problem": "raises"}
class Negative(ValueError): pass
def f(x):
    if x < 0: raise Negative("negative")
    return x + 1
