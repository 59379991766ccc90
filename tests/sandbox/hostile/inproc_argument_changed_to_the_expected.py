# {"category": "inproc", "name": "argument changed to the expected", "expect": "notpass", "problem": "mutate"}
class Items(list):
    def __eq__(self, other): return True
def f(items):
    items.__class__ = Items
