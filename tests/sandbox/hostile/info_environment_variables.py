# {"category": "info", "name": "environment variables", "expect": "notpass", "problem": "add"}
import os
if not {"PATH", "HOME", "USER"} & set(os.environ): raise KeyError
def f(x): return x + 1
