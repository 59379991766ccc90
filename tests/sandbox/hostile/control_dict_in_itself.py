# {"category": "control", "name": "dict in itself", "expect": "notpass", "problem": "dict"}
def f(x):
    result = {}
    result["a"] = result
    return result
