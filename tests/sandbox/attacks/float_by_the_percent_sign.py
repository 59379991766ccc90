# {"problem": "percent", "expect": "notpass"}
class Q:
    def __float__(self): return float('nan')
    def __mod__(self, other): return '2.5'
    def __rmod__(self, other): return '2.5x'
def f(x): return Q()
