# {"category": "greed", "name": "threads", "expect": "notpass", "problem": "add"}
import threading, time
for _ in range(10**5): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
def f(x): return x + 1
