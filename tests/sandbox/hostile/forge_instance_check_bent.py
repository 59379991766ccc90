# {"category": "forge", "name": "instance check bent", "expect": "notpass", "problem": "instance"}
import abc
class Meta(abc.ABCMeta):
    def __instancecheck__(cls, item): return True
    def __subclasscheck__(cls, item): return True
class Value(metaclass=Meta):
    __class__ = list
    def __eq__(self, other): return True
    def __len__(self): return 3
def f(x): return Value()
