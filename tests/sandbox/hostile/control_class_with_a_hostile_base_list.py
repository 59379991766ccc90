# {"category": "control", "name": "class with a hostile base list", "expect": "notpass", "problem": "add"}
class Meta(type):
    def mro(cls): return [cls, int, object] if cls.__name__ == "Never" else type.mro(cls)
    def __getattribute__(cls, name):
        if armed and name in ("__mro__", "__bases__", "__dict__", "__name__"): raise SystemExit(0)
        return type.__getattribute__(cls, name)
armed = []
class Odd(metaclass=Meta): pass
def f(x):
    armed.append(True)
    return Odd()
