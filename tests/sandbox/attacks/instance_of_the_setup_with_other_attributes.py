# {"problem": "node", "expect": "notpass"}
class Q:
    def __eq__(self, other): return True
def f(x):
    n = Node(0)
    n.value = Q()
    n.__eq__ = lambda other: True
    return n
