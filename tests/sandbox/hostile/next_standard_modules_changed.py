# {"category": "next", "name": "standard modules changed", "expect": "any", "problem": "add"}
import collections, json, math, random, re
math.pi, json.loads, re.compile, collections.Counter = 3, None, None, None
random.seed(0)
def f(x): return x + 1
