# {"category": "inproc", "name": "isinstance hidden by the program", "expect": "notpass", "problem": "instance"}
import builtins
builtins.isinstance = isinstance = lambda *args: True
list = object
def f(x): return 0
