# {"category": "exit", "name": "warnings as errors", "expect": "any", "problem": "add"}
import warnings
warnings.simplefilter("error")
warnings.showwarning = lambda *args: 1 / 0
def f(x):
    warnings.warn("no")
    return x + 1
