# {"category": "forge", "name": "len lies", "expect": "notpass", "problem": "length"}
class Long(list):
    def __len__(self): return 3
def f(x): return Long([1])
