# {"category": "forge", "name": "descriptors closed", "expect": "notpass", "problem": "add"}
import os
os.closerange(0, 4096)
def f(x): return 5
