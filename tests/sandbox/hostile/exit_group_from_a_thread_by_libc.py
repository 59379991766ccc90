# {"category": "exit", "name": "group from a thread by libc", "expect": "notpass", "problem": "add"}
import ctypes, threading
threading.Thread(target=lambda: ctypes.CDLL(None).syscall(231, 0)).start()
import time
time.sleep(1)
