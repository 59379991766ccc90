# {"category": "control", "name": "class changed while its object is held", "expect": "notpass", "problem": "own_class"}
class A: pass
class B:
    def __eq__(self, other):
        self.__class__ = A
        return NotImplemented
def f(x): return B()
