# {"category": "forge", "name": "class with an equal metaclass", "expect": "notpass", "problem": "add"}
class Meta(type):
    def __eq__(cls, other): return True
    def __ne__(cls, other): return False
    def __hash__(cls): return hash(2)
    def __instancecheck__(cls, item): return True
    def __int__(cls): return 2
class Value(metaclass=Meta): pass
def f(x): return Value
