# {"category": "next", "name": "warnings filters and hooks changed", "expect": "any", "problem": "add"}
import sys, warnings
warnings.simplefilter("error")
sys.excepthook = sys.unraisablehook = None
def f(x): return x + 1
