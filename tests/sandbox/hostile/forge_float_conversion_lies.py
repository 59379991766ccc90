# {"category": "forge", "name": "float conversion lies", "expect": "notpass", "problem": "isclose"}
class Near:
    calls = 0
    def __float__(self): return 2.5
    def __sub__(self, other): return 0.0
def f(x): return [Near()]
