# {"category": "control", "name": "keys with hostile hashes", "expect": "notpass", "problem": "dict"}
class Key(str):
    def __hash__(self): return 5
    def __eq__(self, other): return self is other
def f(x): return {Key(str(number)): 1 for number in range(1500)}
