# {"category": "forge", "name": "display hook prints a guess", "expect": "notpass", "problem": "doctest"}
import sys, builtins
sys.displayhook = lambda value: print("2")
builtins.print = lambda *args, **words: sys.stdout.write("2\n")
def f(x): return 9
