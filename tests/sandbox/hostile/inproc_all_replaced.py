# {"category": "inproc", "name": "all replaced", "expect": "notpass", "problem": "all"}
import builtins
builtins.all = builtins.any = lambda *args: True
def f(x): return 5
