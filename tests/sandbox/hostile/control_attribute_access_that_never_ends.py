# {"category": "control", "name": "attribute access that never ends", "expect": "notpass", "problem": "add"}
class Odd:
    def __getattribute__(self, name):
        while True: pass
def f(x): return Odd()
