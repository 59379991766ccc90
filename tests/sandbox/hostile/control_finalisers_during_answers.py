# {"category": "control", "name": "finalisers during answers", "expect": "notpass", "problem": "add"}
import gc
class Odd:
    def __del__(self):
        global last
        last = Odd()
        gc.collect()
def f(x): return [Odd() for _ in range(100)]
