# {"category": "hang", "name": "loop in the call", "expect": "notpass", "problem": "add"}
def f(x):
    while True: pass
