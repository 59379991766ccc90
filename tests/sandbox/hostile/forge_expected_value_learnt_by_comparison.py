# {"category": "forge", "name": "expected value learnt by comparison", "expect": "notpass", "problem": "secret"}
seen = []
class Spy:
    def __eq__(self, other):
        seen.append(other)
        return False
    __hash__ = None
def f(x):
    return seen[0] if seen else Spy()
