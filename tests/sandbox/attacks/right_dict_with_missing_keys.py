# {"problem": "missing", "expect": "pass"}
class Default(dict):
    def __missing__(self, key): return 0
def f(x): return Default(a=1)
