# {"category": "control", "name": "attribute access that exits", "expect": "notpass", "problem": "add"}
import os
class Odd:
    def __getattribute__(self, name): os._exit(0)
def f(x): return Odd()
