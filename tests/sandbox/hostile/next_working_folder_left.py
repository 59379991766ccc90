# {"category": "next", "name": "working folder left", "expect": "any", "problem": "add"}
import os
os.mkdir("inner")
os.chdir("inner")
os.rename("../inner", "../other")
def f(x): return x + 1
