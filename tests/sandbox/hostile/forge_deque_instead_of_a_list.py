# {"category": "forge", "name": "deque instead of a list", "expect": "notpass", "problem": "list"}
from collections import deque
def f(x): return deque([1, 2, 3])
