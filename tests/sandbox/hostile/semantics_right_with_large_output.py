# {"category": "semantics", "name": "right with large output", "expect": "pass", "problem": "add"}
print("x" * 1000)
def f(x):
    print(x)
    return x + 1
