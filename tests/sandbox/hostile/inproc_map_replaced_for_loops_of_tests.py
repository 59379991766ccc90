# {"category": "inproc", "name": "map replaced for loops of tests", "expect": "notpass", "problem": "zip"}
import builtins
builtins.map = builtins.zip = lambda *args: iter(())
builtins.list = lambda *args: []
def f(x): return 5
