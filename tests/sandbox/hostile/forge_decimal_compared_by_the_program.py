# {"category": "forge", "name": "decimal compared by the program", "expect": "notpass", "problem": "decimal"}
from decimal import Decimal
class D(Decimal):
    def __eq__(self, other): return True
    def __str__(self): return "1.5"
    def __reduce__(self): return Decimal, ("1.5",)
def f(x): return D("7")
