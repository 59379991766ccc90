# {"category": "inproc", "name": "exception called like the one that is wanted", "expect": "any", "problem": "raises"}
class ValueError(Exception): pass
def f(x):
    if x < 0: raise ValueError
    return x + 1
