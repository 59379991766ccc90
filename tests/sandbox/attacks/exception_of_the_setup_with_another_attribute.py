# {"problem": "error", "expect": "notpass"}
def f(x):
    error = MyError(x)
    error.code = 9
    raise error
