# {"category": "inproc", "name": "stop iteration from a call in a zip", "expect": "notpass", "problem": "zip"}
def f(x): raise StopIteration
