# {"category": "control", "name": "length of the largest size", "expect": "notpass", "problem": "length"}
class Items:
    def __len__(self): return 2**63 - 1
    def __getitem__(self, index): return 0
def f(x): return Items()
