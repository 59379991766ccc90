# {"problem": "root", "expect": "notpass"}
class f:
    count = 0
    def __new__(cls, xs):
        self = object.__new__(cls)
        self.xs, self.left = xs, 0
        return self
    def __float__(self):
        self.left += 1
        return -self.xs[0] / self.xs[1] if self.left == 2 else 0.0
