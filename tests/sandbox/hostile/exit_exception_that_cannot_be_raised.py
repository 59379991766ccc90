# {"category": "exit", "name": "exception that cannot be raised", "expect": "notpass", "problem": "add"}
class Odd(Exception):
    def __new__(cls, *args): return 5
def f(x): raise Odd
