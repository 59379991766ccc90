# {"category": "control", "name": "nesting at every depth up to a thousand", "expect": "notpass", "problem": "add"}
def f(x):
    results = []
    for depth in range(150, 1000, 50):
        result = 1.5
        for _ in range(depth): result = [result]
        results.append(result)
    return results
