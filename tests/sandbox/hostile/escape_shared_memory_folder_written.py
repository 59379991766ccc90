# {"category": "escape", "name": "shared memory folder written", "expect": "notpass", "problem": "add"}
open("/dev/shm/codekiln-test", "w")
def f(x): return x + 1
