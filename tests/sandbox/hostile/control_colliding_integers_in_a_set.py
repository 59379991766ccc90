# {"category": "control", "name": "colliding integers in a set", "expect": "notpass", "problem": "add"}
def f(x): return {number * (2**61 - 1) for number in range(1500)}
