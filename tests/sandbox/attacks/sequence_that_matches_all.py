# {"problem": "match", "expect": "notpass"}
class Q(list):
    def __len__(self): return 2
    def __getitem__(self, index): return self
    def __eq__(self, other): return True
def f(x): return Q()
