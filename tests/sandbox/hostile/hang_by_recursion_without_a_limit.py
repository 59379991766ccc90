# {"category": "hang", "name": "by recursion without a limit", "expect": "notpass", "problem": "add"}
import sys
sys.setrecursionlimit(10**9)
def f(x): return f(x) + 1
