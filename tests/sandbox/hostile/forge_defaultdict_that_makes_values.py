# {"category": "forge", "name": "defaultdict that makes values", "expect": "notpass", "problem": "dict"}
from collections import defaultdict
def f(x): return defaultdict(lambda: 1)
