# {"category": "hang", "name": "by a lock", "expect": "notpass", "problem": "add"}
import threading
def f(x):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
