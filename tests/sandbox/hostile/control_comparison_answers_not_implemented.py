# {"category": "control", "name": "comparison answers not implemented", "expect": "notpass", "problem": "add"}
class Odd:
    def __eq__(self, other): return NotImplemented
    def __ne__(self, other): return NotImplemented
def f(x): return Odd()
