# {"category": "control", "name": "length of another type", "expect": "notpass", "problem": "length"}
class Items:
    def __len__(self): return "3"
def f(x): return Items()
