# {"category": "inproc", "name": "callback called from a thread", "expect": "notpass", "problem": "callback"}
import threading
def f(check):
    def call():
        for value in range(50):
            try: check(value)
            except BaseException: return
    threads = [threading.Thread(target=call, daemon=True) for _ in range(4)]
    for thread in threads: thread.start()
    return 0
