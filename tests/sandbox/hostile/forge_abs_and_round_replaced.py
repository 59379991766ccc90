# {"category": "forge", "name": "abs and round replaced", "expect": "notpass", "problem": "close"}
import builtins
builtins.abs = abs = lambda value: 0
builtins.round = lambda *args: 2.5
def f(x): return 100.0
