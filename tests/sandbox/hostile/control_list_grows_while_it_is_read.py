# {"category": "control", "name": "list grows while it is read", "expect": "notpass", "problem": "add"}
import threading
items = [0]
def grow():
    while True: items.extend([0] * 100)
threading.Thread(target=grow, daemon=True).start()
def f(x): return items
