# {"category": "escape", "name": "deep path into the parent folder", "expect": "notpass", "problem": "add"}
import os
here = os.open(".", os.O_RDONLY)
os.listdir(os.open("../..", os.O_RDONLY, dir_fd=here))
def f(x): return x + 1
