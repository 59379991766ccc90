# {"category": "inproc", "name": "helper of the test found by the collector", "expect": "notpass", "problem": "reference"}
import gc, types
def f(x):
    for item in gc.get_objects():
        if type(item) is types.FunctionType and item.__name__ == "reference" and item.__code__.co_filename != f.__code__.co_filename:
            return item(x)
    return 0
