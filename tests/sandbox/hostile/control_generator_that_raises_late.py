# {"category": "control", "name": "generator that raises late", "expect": "notpass", "problem": "listed"}
def f(x):
    yield 0
    raise SystemExit
