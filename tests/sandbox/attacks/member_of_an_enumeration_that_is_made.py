# {"problem": "color", "expect": "notpass"}
def f(c):
    made = object.__new__(Color)
    made._value_, made._name_ = 3, 'BLUE'
    return made
