# {"category": "control", "name": "dict like an encoded value", "expect": "notpass", "problem": "add"}
def f(x): return {"int": "0x2"}
