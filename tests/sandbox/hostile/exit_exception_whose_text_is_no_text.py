# {"category": "exit", "name": "exception whose text is no text", "expect": "notpass", "problem": "add"}
class Text(str):
    def __getitem__(self, key): raise SystemExit
    def encode(self, *args): return 5
class Odd(Exception):
    def __str__(self): return Text("odd")
def f(x): raise Odd
