# {"category": "server", "name": "deep folders with closed ones", "expect": "any", "problem": "add"}
import os
for number in range(300):
    os.mkdir("d" * 100)
    os.chdir("d" * 100)
os.mkdir("closed", 0)
def f(x): return x + 1
