# {"category": "forge", "name": "user list instead of a list", "expect": "any", "problem": "list"}
from collections import UserList
class Items(UserList):
    def __eq__(self, other): return True
def f(x): return Items()
