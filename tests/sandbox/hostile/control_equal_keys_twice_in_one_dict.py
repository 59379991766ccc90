# {"category": "control", "name": "equal keys twice in one dict", "expect": "notpass", "problem": "dict"}
class Key(str):
    def __hash__(self): return id(self)
    def __eq__(self, other): return self is other
def f(x): return {Key("a"): 2, Key("a"): 1}
