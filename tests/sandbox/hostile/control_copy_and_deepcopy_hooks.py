# {"category": "control", "name": "copy and deepcopy hooks", "expect": "notpass", "problem": "add"}
class Odd:
    def __copy__(self): return 2
    def __deepcopy__(self, memo): return 2
    def __eq__(self, other): return False
def f(x): return Odd()
