# {"category": "next", "name": "output left without an end", "expect": "any", "problem": "add"}
import sys
sys.stdout.write("x" * 1000)
sys.stdout = None
def f(x): return x + 1
