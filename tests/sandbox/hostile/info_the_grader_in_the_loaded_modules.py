# {"category": "info", "name": "the grader in the loaded modules", "expect": "notpass", "problem": "add"}
import sys
if not any("codekiln" in name for name in sys.modules): raise OSError
def f(x): return x + 1
