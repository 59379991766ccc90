# {"category": "control", "name": "deep dict", "expect": "notpass", "problem": "add"}
def f(x):
    result = {}
    for _ in range(1500): result = {"a": result}
    return result
