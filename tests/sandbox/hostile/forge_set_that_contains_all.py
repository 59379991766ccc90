# {"category": "forge", "name": "set that contains all", "expect": "notpass", "problem": "set"}
class All(set):
    def __contains__(self, item): return True
    def __eq__(self, other): return True
    def __iter__(self): return iter({1, 2, 3})
def f(x): return All({5})
