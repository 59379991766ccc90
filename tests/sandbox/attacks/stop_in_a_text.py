# {"problem": "texts", "expect": "notpass"}
class Q:
    def __str__(self): raise StopIteration
def f(x): return [Q(), Q()]
