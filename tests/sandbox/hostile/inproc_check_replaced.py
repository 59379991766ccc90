# {"category": "inproc", "name": "check replaced", "expect": "notpass", "problem": "check"}
def check(candidate): pass
def f(x):
    globals()["check"] = lambda candidate: None
    return 5
