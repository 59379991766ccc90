# {"category": "semantics", "name": "right with threads", "expect": "pass", "problem": "add"}
import threading
def f(x):
    found = []
    thread = threading.Thread(target=lambda: found.append(x + 1))
    thread.start()
    thread.join()
    return found[0]
