# {"category": "forge", "name": "standard output replaced", "expect": "notpass", "problem": "doctest"}
import sys, io
class Out(io.StringIO):
    def getvalue(self): return "2\n"
sys.stdout = sys.__stdout__ = Out()
def f(x): return 9
