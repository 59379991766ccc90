# {"problem": "doctest", "expect": "notpass"}
class E(Exception):
    def __str__(self): return '2'
def f(x): raise E
