# {"category": "inproc", "name": "test statement sees a missing name", "expect": "notpass", "problem": "add"}
def f(x): return x + 1
del f
