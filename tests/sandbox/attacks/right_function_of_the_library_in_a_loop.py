# {"problem": "gcd", "expect": "pass"}
from math import gcd as f
