# {"category": "control", "name": "comparison raises what a test expects", "expect": "notpass", "problem": "guarded"}
class Odd:
    def __eq__(self, other): raise ValueError
def f(x): return Odd()
