# {"category": "exit", "name": "exception whose text never ends", "expect": "notpass", "problem": "add"}
class Odd(Exception):
    def __str__(self):
        while True: pass
    __repr__ = __str__
def f(x): raise Odd
