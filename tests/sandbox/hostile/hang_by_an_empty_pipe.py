# {"category": "hang", "name": "by an empty pipe", "expect": "notpass", "problem": "add"}
import os
def f(x):
    out, into = os.pipe()
    return os.read(out, 1)
