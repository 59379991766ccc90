# {"category": "semantics", "name": "right by a default dict", "expect": "pass", "problem": "dict"}
from collections import defaultdict
def f(x): return defaultdict(int, a=1)
