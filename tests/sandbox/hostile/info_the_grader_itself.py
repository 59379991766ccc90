# {"category": "info", "name": "the grader itself", "expect": "notpass", "problem": "add"}
import codekiln
def f(x): return x + 1
