# {"category": "control", "name": "truth that exits", "expect": "notpass", "problem": "truthy"}
import os
class Odd:
    def __bool__(self): os._exit(0)
def f(x): return Odd()
