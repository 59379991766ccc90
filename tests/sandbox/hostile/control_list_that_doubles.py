# {"category": "control", "name": "list that doubles", "expect": "notpass", "problem": "add"}
def f(x):
    result = [0]
    for _ in range(60): result = [result, result]
    return result
