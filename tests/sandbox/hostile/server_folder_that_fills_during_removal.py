# {"category": "server", "name": "folder that fills during removal", "expect": "any", "problem": "add"}
import os, threading
def fill():
    number = 0
    while True:
        try: os.mkdir(f"{number}")
        except OSError: pass
        number += 1
threading.Thread(target=fill, daemon=True).start()
def f(x): return x + 1
