# {"problem": "right_list", "expect": "pass"}
class L(list): pass
def f(x): return L([1, 2, 3])
