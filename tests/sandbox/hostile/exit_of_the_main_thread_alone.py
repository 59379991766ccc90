# {"category": "exit", "name": "of the main thread alone", "expect": "notpass", "problem": "add"}
import ctypes
def f(x): ctypes.CDLL(None).pthread_exit(None)
