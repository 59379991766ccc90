# {"category": "control", "name": "deep tuple in an argument position", "expect": "notpass", "problem": "tuple"}
def f(x):
    result = ()
    for _ in range(5000): result = (result,)
    return result, result
