# {"category": "inproc", "name": "argument emptied of its type", "expect": "notpass", "problem": "mutate"}
def f(items):
    items[:] = (item for item in "321")
