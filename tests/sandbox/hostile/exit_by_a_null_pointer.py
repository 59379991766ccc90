# {"category": "exit", "name": "by a null pointer", "expect": "notpass", "problem": "add"}
import ctypes
def f(x): return ctypes.string_at(0)
