# {"category": "exit", "name": "by libc", "expect": "notpass", "problem": "add"}
import ctypes
def f(x): ctypes.CDLL(None)._exit(0)
