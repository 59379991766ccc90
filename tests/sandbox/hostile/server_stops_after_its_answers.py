# {"category": "server", "name": "stops after its answers", "expect": "any", "problem": "add"}
import os, signal, threading, time
def stop():
    time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGSTOP)
threading.Thread(target=stop, daemon=True).start()
def f(x): return x + 1
