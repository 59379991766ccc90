# {"category": "semantics", "name": "right by a counter", "expect": "pass", "problem": "counter"}
from collections import Counter
def f(text): return Counter(text)
