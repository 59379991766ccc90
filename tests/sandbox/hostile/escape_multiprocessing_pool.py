# {"category": "escape", "name": "multiprocessing pool", "expect": "notpass", "problem": "add"}
import multiprocessing
multiprocessing.Pool(1)
def f(x): return x + 1
