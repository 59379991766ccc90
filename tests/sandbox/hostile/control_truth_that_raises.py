# {"category": "control", "name": "truth that raises", "expect": "notpass", "problem": "truthy"}
class Odd:
    def __bool__(self): raise StopIteration
def f(x): return Odd()
