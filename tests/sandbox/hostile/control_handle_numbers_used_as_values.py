# {"category": "control", "name": "handle numbers used as values", "expect": "notpass", "problem": "list"}
class Odd: pass
keep = [Odd() for _ in range(1000)]
def f(x): return [id(keep[0]), keep[0], {"ref": id(keep[0])}]
