# {"category": "inproc", "name": "hang in a guarded call", "expect": "notpass", "problem": "guarded"}
def f(x):
    while True: pass
