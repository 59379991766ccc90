# {"problem": "unit_raises", "expect": "notpass"}
class E(Exception): pass
E.__name__ = E.__qualname__ = 'ValueError'
E.__module__ = 'builtins'
def f(x):
    if x < 0: raise E
    return 2
