# {"category": "inproc", "name": "stop iteration from a call in all", "expect": "notpass", "problem": "all"}
def f(x): raise StopIteration
