# {"category": "forge", "name": "finaliser exits", "expect": "notpass", "problem": "add"}
import os
class Last:
    def __del__(self): os._exit(0)
def f(x):
    Last()
    return 5
