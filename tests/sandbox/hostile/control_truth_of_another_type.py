# {"category": "control", "name": "truth of another type", "expect": "notpass", "problem": "truthy"}
class Odd:
    def __bool__(self): return 1
def f(x): return Odd()
