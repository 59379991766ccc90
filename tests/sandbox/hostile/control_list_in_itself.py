# {"category": "control", "name": "list in itself", "expect": "notpass", "problem": "add"}
def f(x):
    result = []
    result.append(result)
    return result
