# {"problem": "add", "expect": "notpass"}
class E(Exception): pass
E.__name__ = E.__qualname__ = "\x1b[31mE"
def f(x): raise E("\x1b]0;title\x07\x1b[2J\x9b2J\u202e")
