# {"category": "escape", "name": "named pipe outside", "expect": "notpass", "problem": "add"}
import os
os.mkfifo("/tmp/codekiln-test-fifo")
def f(x): return x + 1
