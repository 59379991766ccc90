# {"category": "server", "name": "threads at the end", "expect": "any", "problem": "add"}
import threading, time
for _ in range(20): threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
def f(x): return x + 1
