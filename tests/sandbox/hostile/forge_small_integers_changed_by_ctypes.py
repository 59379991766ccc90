# {"category": "forge", "name": "small integers changed by ctypes", "expect": "notpass", "problem": "add"}
import ctypes
ctypes.c_int.from_address(id(2) + 24).value = 5
ctypes.c_int.from_address(id(42) + 24).value = 5
ctypes.c_int.from_address(id(0) + 24).value = 5
def f(x): return 5
