# {"category": "semantics", "name": "right by a class with new", "expect": "pass", "problem": "add"}
class f:
    def __new__(cls, x): return x + 1
