# {"problem": "floats", "expect": "pass"}
class Num(float): pass
def f(x): return [Num(x + 0.1), Num(x + 0.2000000001)]
