# {"category": "semantics", "name": "right with a main guard in a function problem", "expect": "pass", "problem": "add"}
def f(x): return x + 1
if __name__ == "__main__": print(f(1))
