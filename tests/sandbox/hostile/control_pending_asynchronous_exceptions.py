# {"category": "control", "name": "pending asynchronous exceptions", "expect": "notpass", "problem": "add"}
import ctypes, threading
main = threading.main_thread().ident
def inject():
    while True: ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(StopIteration))
threading.Thread(target=inject, daemon=True).start()
def f(x): return 5
