# {"category": "inproc", "name": "class that imitates that of the test", "expect": "forgeable", "problem": "own_class"}
class Other:
    value = 3
    def __eq__(self, other): return True
Other.__name__ = Other.__qualname__ = "Node"
def f(x): return Other()
