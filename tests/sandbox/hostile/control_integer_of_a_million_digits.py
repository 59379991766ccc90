# {"category": "control", "name": "integer of a million digits", "expect": "notpass", "problem": "add"}
def f(x): return 1 << 4_000_000
