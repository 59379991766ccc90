# {"category": "control", "name": "decimal with a huge exponent", "expect": "notpass", "problem": "decimal"}
from decimal import Decimal
def f(x): return Decimal("1e999999999")
