# {"category": "control", "name": "length hint lies", "expect": "notpass", "problem": "listed"}
class Items:
    def __iter__(self): return self
    def __next__(self): raise StopIteration
    def __length_hint__(self): return 2**60
def f(x): return Items()
