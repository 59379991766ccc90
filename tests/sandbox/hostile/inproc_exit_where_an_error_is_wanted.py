# {"category": "inproc", "name": "exit where an error is wanted", "expect": "notpass", "problem": "raises"}
import os
def f(x):
    if x < 0: os._exit(0)
    return x + 1
