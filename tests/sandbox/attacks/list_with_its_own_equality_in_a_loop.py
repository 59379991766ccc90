# {"problem": "nothing_loop", "expect": "notpass"}
class L(list):
    def __eq__(self, other): return True
def f(x): return L([1, 2, 3])
