# {"category": "forge", "name": "string template of an equal class", "expect": "notpass", "problem": "text"}
from collections import UserString
class Text(UserString):
    def __eq__(self, other): return True
    __hash__ = UserString.__hash__
def f(x): return Text("other")
