# {"category": "hang", "name": "by power", "expect": "notpass", "problem": "add"}
def f(x): return 7 ** 7 ** 9
