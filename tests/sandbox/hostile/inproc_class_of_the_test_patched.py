# {"category": "inproc", "name": "class of the test patched", "expect": "notpass", "problem": "own_class"}
import gc
def f(x):
    for item in gc.get_objects():
        if isinstance(item, type) and item.__name__ == "Node": item.__eq__ = lambda self, other: True
    return 0
