# {"category": "control", "name": "module as a result", "expect": "notpass", "problem": "add"}
import builtins
def f(x): return builtins
