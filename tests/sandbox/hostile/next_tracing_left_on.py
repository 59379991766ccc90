# {"category": "next", "name": "tracing left on", "expect": "any", "problem": "add"}
import sys, threading
sys.settrace(lambda *args: None)
threading.settrace(lambda *args: None)
def f(x): return x + 1
