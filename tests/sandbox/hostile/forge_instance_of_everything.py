# {"category": "forge", "name": "instance of everything", "expect": "forgeable", "problem": "only_instance"}
class Odd:
    __class__ = list
def f(x): return Odd()
