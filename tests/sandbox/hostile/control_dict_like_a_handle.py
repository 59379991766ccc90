# {"category": "control", "name": "dict like a handle", "expect": "notpass", "problem": "add"}
def f(x): return {"handle": 0, "opaque": 1, "proxy": 2, "ref": 3}
