# {"category": "control", "name": "switch of threads at every step", "expect": "any", "problem": "add"}
import sys, threading
sys.setswitchinterval(1e-9)
for _ in range(3): threading.Thread(target=lambda: [None for _ in range(10**5)], daemon=True).start()
def f(x): return x + 1
