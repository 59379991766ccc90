# {"category": "inproc", "name": "callback raises through the program", "expect": "notpass", "problem": "apply"}
def f(apply):
    def inner(value): raise StopIteration
    return apply(inner)
