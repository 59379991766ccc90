# {"category": "control", "name": "stack almost full at the answer", "expect": "notpass", "problem": "add"}
import sys
def f(x):
    sys.setrecursionlimit(len(__import__("inspect").stack()) + 10)
    return [[[[[[5]]]]]]
