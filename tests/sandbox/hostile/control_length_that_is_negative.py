# {"category": "control", "name": "length that is negative", "expect": "notpass", "problem": "length"}
class Items:
    def __len__(self): return -3
def f(x): return Items()
