# {"category": "control", "name": "class with hostile descriptors", "expect": "notpass", "problem": "add"}
class Trap:
    def __get__(self, item, owner): raise SystemExit(0)
    def __set_name__(self, owner, name): pass
class Odd:
    __eq__ = __hash__ = __len__ = __iter__ = __bool__ = __int__ = Trap()
def f(x): return Odd()
