# {"category": "hang", "name": "in threads", "expect": "notpass", "problem": "add"}
import threading
def spin():
    while True: pass
for _ in range(4): threading.Thread(target=spin).start()
def f(x): return x + 1
