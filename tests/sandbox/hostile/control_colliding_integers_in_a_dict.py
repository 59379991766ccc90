# {"category": "control", "name": "colliding integers in a dict", "expect": "notpass", "problem": "dict"}
def f(x): return {1 + number * (2**61 - 1): 1 for number in range(1500)}
