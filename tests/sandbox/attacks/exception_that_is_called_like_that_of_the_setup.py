# {"problem": "error", "expect": "notpass"}
class MyError(Exception): code = 3
E = MyError
def f(x): raise E(3)
