# {"category": "forge", "name": "expected value learnt then returned at the next test", "expect": "notpass", "problem": "secret_twice"}
seen = []
class Spy:
    def __eq__(self, other):
        seen.append(other)
        return True
    def __ne__(self, other): return False
    __hash__ = None
def f(x): return seen[0] if seen else Spy()
