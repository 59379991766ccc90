# {"category": "exit", "name": "by atexit", "expect": "notpass", "problem": "add"}
import atexit, os
atexit.register(os._exit, 0)
def f(x): raise SystemExit
