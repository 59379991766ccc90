# {"category": "control", "name": "comparison that never ends", "expect": "notpass", "problem": "add"}
class Odd:
    def __eq__(self, other):
        while True: pass
def f(x): return Odd()
