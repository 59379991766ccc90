# {"category": "control", "name": "infinite generator as a result", "expect": "notpass", "problem": "list"}
def f(x):
    while True: yield 1
