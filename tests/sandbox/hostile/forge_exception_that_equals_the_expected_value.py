# {"category": "forge", "name": "exception that equals the expected value", "expect": "notpass", "problem": "add"}
class Odd(Exception):
    def __eq__(self, other): return True
    def __str__(self): return "2"
def f(x): raise Odd(2)
