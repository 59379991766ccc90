# {"category": "control", "name": "decimal signalling nan", "expect": "notpass", "problem": "decimal"}
from decimal import Decimal
def f(x): return [Decimal("sNaN"), Decimal("-Infinity")]
