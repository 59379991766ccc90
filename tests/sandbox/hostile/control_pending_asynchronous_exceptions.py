# {"category": "control", "name": "pending asynchronous exceptions", "expect": "notpass", "problem": "add"}
import ctypes, threading
main = threading.main_thread().ident
def inject():
    while True: ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(StopIteration))
def f(x):
    threading.Thread(target=inject, daemon=True).start()
    return 5
