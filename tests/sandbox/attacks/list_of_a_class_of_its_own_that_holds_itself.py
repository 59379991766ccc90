# {"problem": "nothing", "expect": "notpass"}
class L(list):
    def __eq__(self, other): return True
def f(x):
    made = L()
    made.append(made)
    return made
