# {"category": "semantics", "name": "right by an int enum", "expect": "any", "problem": "add"}
from enum import IntEnum
E = IntEnum("E", {f"V{number}": number for number in range(50)})
def f(x): return E(x + 1)
