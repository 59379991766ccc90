# {"category": "control", "name": "attribute names made of megabytes", "expect": "notpass", "problem": "add"}
class Odd: pass
def f(x):
    value = Odd()
    for number in range(200): setattr(value, "n" * 10000 + str(number), value)
    return value
