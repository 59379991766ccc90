# {"problem": "lengths", "expect": "notpass"}
class Q:
    def __len__(self): raise StopIteration
def f(x): return [Q()]
