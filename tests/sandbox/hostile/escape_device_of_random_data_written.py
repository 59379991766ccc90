# {"category": "escape", "name": "device of random data written", "expect": "notpass", "problem": "add"}
open("/dev/random", "wb").write(b"x")
def f(x): return x + 1
