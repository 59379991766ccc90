# {"category": "control", "name": "recursion limit of one", "expect": "notpass", "problem": "add"}
import sys
def f(x):
    try: sys.setrecursionlimit(30)
    except RecursionError: pass
    return {"a": [{"b": [(5,)]}]}
