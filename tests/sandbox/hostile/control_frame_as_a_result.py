# {"category": "control", "name": "frame as a result", "expect": "notpass", "problem": "add"}
import sys
def f(x): return sys._getframe()
