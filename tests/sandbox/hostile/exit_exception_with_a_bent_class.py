# {"category": "exit", "name": "exception with a bent class", "expect": "notpass", "problem": "add"}
class Meta(type):
    def __getattribute__(cls, name): raise SystemExit(0)
class Odd(Exception, metaclass=Meta):
    @property
    def __class__(self): raise SystemExit(0)
    @property
    def __traceback__(self): raise SystemExit(0)
def f(x): raise Odd
