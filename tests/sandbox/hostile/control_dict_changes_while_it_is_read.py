# {"category": "control", "name": "dict changes while it is read", "expect": "notpass", "problem": "dict"}
import threading
table = {"a": 1}
def change():
    number = 0
    while True:
        table[number % 50] = table.pop((number + 25) % 50, 0)
        number += 1
threading.Thread(target=change, daemon=True).start()
def f(x): return table
