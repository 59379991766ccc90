# {"category": "inproc", "name": "exception with a bent subclass check", "expect": "notpass", "problem": "raises"}
class Meta(type):
    def __subclasscheck__(cls, other): return True
    def __instancecheck__(cls, item): return True
class Odd(Exception, metaclass=Meta): __module__ = "builtins"
Odd.__name__ = Odd.__qualname__ = "ValueError"
def f(x):
    if x < 0: raise Odd
    return x + 1
