# {"category": "exit", "name": "memory error of its own", "expect": "notpass", "problem": "add"}
def f(x): raise MemoryError
