# {"category": "forge", "name": "result dies with the process", "expect": "notpass", "problem": "add"}
import os
class Result:
    def __del__(self): os._exit(0)
    def __eq__(self, other): return True
def f(x): return Result()
