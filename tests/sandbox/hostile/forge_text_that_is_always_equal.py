# {"category": "forge", "name": "text that is always equal", "expect": "notpass", "problem": "text"}
class Text(str):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __hash__(self): return 1
def f(x): return Text("nothing")
