# {"category": "control", "name": "colliding floats and tuples", "expect": "notpass", "problem": "add"}
def f(x): return {(number * (2**61 - 1), 0) for number in range(1200)}
