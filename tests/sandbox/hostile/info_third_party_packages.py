# {"category": "info", "name": "third-party packages", "expect": "notpass", "problem": "add"}
import numpy
def f(x): return x + 1
