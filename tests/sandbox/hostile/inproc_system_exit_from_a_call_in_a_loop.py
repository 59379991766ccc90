# {"category": "inproc", "name": "system exit from a call in a loop", "expect": "notpass", "problem": "loop"}
def f(x): raise SystemExit(0)
