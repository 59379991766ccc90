# {"category": "forge", "name": "sorted by a bent builtin", "expect": "notpass", "problem": "sorted"}
import builtins
builtins.sorted = lambda *args, **words: [1, 2, 3]
sorted = builtins.sorted
def f(x): return [7]
