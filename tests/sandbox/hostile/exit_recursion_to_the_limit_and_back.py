# {"category": "exit", "name": "recursion to the limit and back", "expect": "notpass", "problem": "add"}
def f(x):
    try: return f(x)
    except RecursionError: return f(x)
