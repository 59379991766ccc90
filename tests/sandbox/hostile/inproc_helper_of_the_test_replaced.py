# {"category": "inproc", "name": "helper of the test replaced", "expect": "notpass", "problem": "reference"}
def reference(x): return 5
def f(x):
    globals()["reference"] = lambda x: 5
    return 5
