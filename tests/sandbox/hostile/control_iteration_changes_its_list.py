# {"category": "control", "name": "iteration changes its list", "expect": "notpass", "problem": "listed"}
class Items(list):
    def __iter__(self):
        for item in list.__iter__(self):
            self.append(item)
            yield item
def f(x): return Items([0, 1, 2])
