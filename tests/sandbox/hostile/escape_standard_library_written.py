# {"category": "escape", "name": "standard library written", "expect": "notpass", "problem": "add"}
import os
open(os.__file__, "a")
def f(x): return x + 1
