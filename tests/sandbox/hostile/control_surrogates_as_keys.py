# {"category": "control", "name": "surrogates as keys", "expect": "notpass", "problem": "dict"}
def f(x): return {"\udc80" * 10: 1}
