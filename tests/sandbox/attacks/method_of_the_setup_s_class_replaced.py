# {"problem": "node", "expect": "notpass"}
def f(x):
    Node.__eq__ = lambda self, other: True
    return Node(0)
