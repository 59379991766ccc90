# {"category": "exit", "name": "exception whose text exits", "expect": "notpass", "problem": "add"}
import os
class Odd(Exception):
    def __str__(self): os._exit(0)
    __repr__ = __str__
def f(x): raise Odd
