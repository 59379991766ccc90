# {"category": "semantics", "name": "right by an int subclass", "expect": "pass", "problem": "add"}
class Number(int): pass
def f(x): return Number(x + 1)
