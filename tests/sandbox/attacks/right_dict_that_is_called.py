# {"problem": "memo", "expect": "pass"}
class Memo(dict):
    def __call__(self, *key): return self[key]
    def __missing__(self, key): return key[0] + 1
f = Memo()
