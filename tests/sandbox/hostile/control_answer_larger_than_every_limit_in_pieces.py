# {"category": "control", "name": "answer larger than every limit in pieces", "expect": "notpass", "problem": "listed"}
def f(x):
    while True: yield "x" * 10000
