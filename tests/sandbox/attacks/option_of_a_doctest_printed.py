# {"problem": "doctest", "expect": "notpass"}
def f(x):
    print('2  # doctest: +SKIP')
