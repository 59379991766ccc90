# {"category": "next", "name": "file left behind", "expect": "any", "problem": "add"}
open("left", "w").write("x")
def f(x): return x + 1
