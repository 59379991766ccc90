# {"category": "control", "name": "comparison that grows", "expect": "notpass", "problem": "add"}
class Odd:
    def __eq__(self, other): return [0] * 10**9 == other
def f(x): return Odd()
