# {"category": "inproc", "name": "generator exit from a call", "expect": "notpass", "problem": "all"}
def f(x): raise GeneratorExit
