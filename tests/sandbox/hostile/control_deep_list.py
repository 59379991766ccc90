# {"category": "control", "name": "deep list", "expect": "notpass", "problem": "add"}
def f(x):
    result = []
    for _ in range(100000): result = [result]
    return result
