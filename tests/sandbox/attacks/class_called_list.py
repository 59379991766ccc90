# {"problem": "type_name", "expect": "notpass"}
class Q:
    def __eq__(self, other): return True
Q.__name__ = Q.__qualname__ = 'list'
Q.__module__ = 'builtins'
def f(x): return Q()
