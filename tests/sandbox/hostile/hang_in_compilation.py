# {"category": "hang", "name": "in compilation", "expect": "notpass", "problem": "add"}
exec("x = " + "+".join(["(1)"] * 10**6))
def f(x): return 5
