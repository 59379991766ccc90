# {"category": "source", "name": "future import last", "expect": "notpass", "problem": "add"}
def f(x): return x + 1
from __future__ import annotations
