# {"category": "forge", "name": "list that is always equal", "expect": "notpass", "problem": "list"}
class Items(list):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __len__(self): return 3
    def __iter__(self): return iter([1, 2, 3])
    def __getitem__(self, index): return [1, 2, 3][index]
def f(x): return Items([9, 9])
