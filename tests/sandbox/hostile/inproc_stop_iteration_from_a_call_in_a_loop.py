# {"category": "inproc", "name": "stop iteration from a call in a loop", "expect": "notpass", "problem": "loop"}
def f(x): raise StopIteration
