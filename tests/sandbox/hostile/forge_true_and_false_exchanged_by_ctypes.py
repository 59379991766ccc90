# {"category": "forge", "name": "true and false exchanged by ctypes", "expect": "notpass", "problem": "truth_equal"}
import ctypes
ctypes.c_long.from_address(id(False) + 24).value = 1
ctypes.c_long.from_address(id(False) + 16).value = 1
def f(x): return False
