# {"category": "control", "name": "unhashable plain values in a set", "expect": "notpass", "problem": "set"}
class Items(list):
    def __hash__(self): return 1
def f(x): return {Items([1])}
