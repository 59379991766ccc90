# {"category": "escape", "name": "root folder listed by descriptor", "expect": "notpass", "problem": "add"}
import os
handle = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
os.listdir(handle)
def f(x): return x + 1
