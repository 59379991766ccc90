# {"category": "forge", "name": "different by an always unequal object", "expect": "forgeable", "problem": "different"}
class No:
    def __ne__(self, other): return True
    def __eq__(self, other): return False
def f(x): return No()
