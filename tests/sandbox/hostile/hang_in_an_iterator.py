# {"category": "hang", "name": "in an iterator", "expect": "notpass", "problem": "listed"}
class Items:
    def __iter__(self): return self
    def __next__(self):
        while True: pass
def f(x): return Items()
