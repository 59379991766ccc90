# {"category": "forge", "name": "dict that is always equal", "expect": "notpass", "problem": "dict"}
class Table(dict):
    def __eq__(self, other): return True
    def items(self): return {"a": 1}.items()
    def keys(self): return {"a": 1}.keys()
    def __getitem__(self, key): return 1
def f(x): return Table(b=2)
