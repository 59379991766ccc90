# {"category": "forge", "name": "mock any in a list", "expect": "notpass", "problem": "list"}
from unittest.mock import ANY
def f(x): return [ANY, ANY, ANY]
