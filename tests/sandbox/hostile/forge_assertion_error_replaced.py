# {"category": "forge", "name": "assertion error replaced", "expect": "notpass", "problem": "loop"}
import builtins
class Quiet(Exception):
    def __init__(self, *args): raise StopIteration
builtins.AssertionError = Quiet
def f(x): return 5
