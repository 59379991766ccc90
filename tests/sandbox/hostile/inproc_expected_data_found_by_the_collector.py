# {"category": "inproc", "name": "expected data found by the collector", "expect": "notpass", "problem": "expected"}
import gc
def f(x):
    for item in gc.get_objects():
        if type(item) is list and len(item) == 3 and item[0] == 7001: return list(item)
    return []
