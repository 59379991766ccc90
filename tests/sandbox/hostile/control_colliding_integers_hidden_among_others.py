# {"category": "control", "name": "colliding integers hidden among others", "expect": "notpass", "problem": "add"}
def f(x): return {*range(20000), *(7 + number * (2**61 - 1) for number in range(1, 900))}
