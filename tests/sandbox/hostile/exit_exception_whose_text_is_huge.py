# {"category": "exit", "name": "exception whose text is huge", "expect": "notpass", "problem": "add"}
class Odd(Exception):
    def __str__(self): return "x" * 10**7
def f(x): raise Odd
