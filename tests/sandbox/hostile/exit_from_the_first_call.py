# {"category": "exit", "name": "from the first call", "expect": "notpass", "problem": "add"}
import os
def f(x): os._exit(0)
