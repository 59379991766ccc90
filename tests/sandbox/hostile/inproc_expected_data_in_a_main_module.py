# {"category": "inproc", "name": "expected data in a main module", "expect": "notpass", "problem": "expected"}
import sys
def f(x):
    for module in list(sys.modules.values()):
        if hasattr(module, "expected"): return module.expected
    return []
