# {"category": "forge", "name": "set conversion lies", "expect": "notpass", "problem": "set_of"}
class Items(list):
    def __iter__(self): return iter([1, 2, 3])
def f(x): return Items([4])
