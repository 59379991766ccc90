# {"category": "control", "name": "attribute access that recurses", "expect": "notpass", "problem": "add"}
class Odd:
    def __getattribute__(self, name): return getattr(self, name)
    def __getattr__(self, name): return getattr(self, name + "x")
def f(x): return Odd()
