# {"category": "exit", "name": "exception with a forged name", "expect": "notpass", "problem": "add"}
class Odd(Exception): pass
Odd.__name__ = Odd.__qualname__ = "passed\n\x1b[2J\u202e" * 20
def f(x): raise Odd("\x1b]0;title\x07\n" * 10 + "\ud800")
