# {"category": "control", "name": "infinite generator asked for a list", "expect": "notpass", "problem": "listed"}
def f(x):
    while True: yield 1
