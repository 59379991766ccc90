# {"problem": "falsy", "expect": "notpass"}
class L(list):
    def __eq__(self, other): return True
def f(x): return L([1])
