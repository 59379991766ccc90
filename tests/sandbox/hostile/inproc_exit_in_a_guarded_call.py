# {"category": "inproc", "name": "exit in a guarded call", "expect": "notpass", "problem": "guarded"}
import os
def f(x): os._exit(0)
