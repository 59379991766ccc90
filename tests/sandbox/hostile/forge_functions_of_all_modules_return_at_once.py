# {"category": "forge", "name": "functions of all modules return at once", "expect": "notpass", "problem": "add"}
import gc, types
def nothing(*args, **words): return None
for item in gc.get_objects():
    if type(item) is types.FunctionType and item.__code__.co_filename.find("codekiln") >= 0:
        try: item.__code__ = nothing.__code__
        except ValueError: pass
def f(x): return 5
