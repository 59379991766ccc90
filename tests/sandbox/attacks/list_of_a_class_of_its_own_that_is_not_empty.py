# {"problem": "nothing", "expect": "notpass"}
class L(list): pass
def f(x): return L([1, 2, 3])
