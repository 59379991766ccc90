# {"category": "forge", "name": "complex with own parts", "expect": "notpass", "problem": "complex"}
class Number(complex):
    real, imag = 1.0, 2.0
    def __eq__(self, other): return True
    def __complex__(self): return 1 + 2j
    def __add__(self, other): return 1 + 2j
def f(x): return Number(9, 9)
