# {"category": "forge", "name": "bool subclass imitation", "expect": "notpass", "problem": "truth_equal"}
class Truth(int):
    def __repr__(self): return "True"
    __class__ = bool
    def __eq__(self, other): return True
def f(x): return Truth(0)
