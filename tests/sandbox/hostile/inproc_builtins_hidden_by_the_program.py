# {"category": "inproc", "name": "builtins hidden by the program", "expect": "notpass", "problem": "loop"}
zip = map = range = enumerate = lambda *args: ()
sorted = list = lambda *args: [1, 2, 3]
abs = len = sum = lambda *args: 0
def f(x): return 5
