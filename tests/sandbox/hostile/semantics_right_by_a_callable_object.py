# {"category": "semantics", "name": "right by a callable object", "expect": "pass", "problem": "add"}
class F:
    def __call__(self, x): return x + 1
f = F()
