# {"category": "control", "name": "object made plain after it was asked", "expect": "notpass", "problem": "add"}
class Odd:
    asked = 0
    def __getattribute__(self, name):
        Odd.asked += 1
        return 2 if Odd.asked > 2 else object.__getattribute__(self, name)
def f(x): return Odd()
