# {"category": "server", "name": "folder of the program removed", "expect": "any", "problem": "add"}
import os
os.rmdir(os.getcwd())
def f(x): return x + 1
