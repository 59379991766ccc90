# {"problem": "node_kept", "expect": "notpass"}
def f(a):
    class Q(Node):
        def __eq__(self, other): return True
    a.__class__ = Q
