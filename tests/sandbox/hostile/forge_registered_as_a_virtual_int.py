# {"category": "forge", "name": "registered as a virtual int", "expect": "notpass", "problem": "instance"}
import numbers, collections.abc
class Value:
    def __eq__(self, other): return True
    def __len__(self): return 3
    def __getitem__(self, index): return index + 1
collections.abc.MutableSequence.register(Value)
numbers.Integral.register(Value)
def f(x): return Value()
