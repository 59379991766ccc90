# {"problem": "nothing_loop", "expect": "notpass"}
class L(list):
    def __eq__(self, other): return True
def f(x):
    made = L()
    for _ in range(5000): made = L([made])
    return made
