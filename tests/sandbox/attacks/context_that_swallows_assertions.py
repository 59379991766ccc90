# {"problem": "context", "expect": "notpass"}
class Q:
    def __enter__(self): return 0
    def __exit__(self, *rest): return True
def f(x): return Q()
