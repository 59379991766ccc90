# {"category": "forge", "name": "audit hook that exits", "expect": "notpass", "problem": "add"}
import os, sys
def hook(event, arguments):
    if event in ("exec", "object.__getattr__", "marshal.dumps", "sys._getframe"): os._exit(0)
sys.addaudithook(hook)
def f(x): return 5
