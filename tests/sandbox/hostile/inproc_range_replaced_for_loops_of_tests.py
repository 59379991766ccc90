# {"category": "inproc", "name": "range replaced for loops of tests", "expect": "notpass", "problem": "loop"}
import builtins
builtins.range = builtins.zip = builtins.enumerate = lambda *args: ()
def f(x): return 5
