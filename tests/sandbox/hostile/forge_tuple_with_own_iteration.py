# {"category": "forge", "name": "tuple with own iteration", "expect": "notpass", "problem": "tuple"}
class Pair(tuple):
    def __iter__(self): return iter((1, 2))
    def __getitem__(self, index): return (1, 2)[index]
    def __eq__(self, other): return True
def f(x): return Pair((8, 9))
