# {"category": "forge", "name": "dict with hostile missing", "expect": "notpass", "problem": "dict"}
class Table(dict):
    def __missing__(self, key): return 1
    def __contains__(self, key): return True
    def __len__(self): return 1
def f(x): return Table()
