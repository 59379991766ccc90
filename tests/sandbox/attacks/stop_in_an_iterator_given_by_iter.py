# {"problem": "zip", "expect": "notpass"}
class f:
    def __new__(cls, x): raise StopIteration
