# {"category": "inproc", "name": "class of the test replaced", "expect": "notpass", "problem": "own_class"}
class Node:
    def __init__(self, value): pass
    def __eq__(self, other): return True
def f(x): return Node(0)
