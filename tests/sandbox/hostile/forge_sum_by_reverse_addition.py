# {"category": "forge", "name": "sum by reverse addition", "expect": "notpass", "problem": "sum"}
class Six(Exception):
    def __radd__(self, other): return 6
    def __add__(self, other): return 6
def f(x): return [Six()]
