# {"category": "forge", "name": "bytes with own hex", "expect": "notpass", "problem": "bytes"}
class Data(bytes):
    def hex(self, *rest): return b"abc".hex()
    def __eq__(self, other): return True
    def __bytes__(self): return b"abc"
def f(x): return Data(b"xyz")
