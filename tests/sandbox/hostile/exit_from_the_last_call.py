# {"category": "exit", "name": "from the last call", "expect": "notpass", "problem": "add"}
import os
def f(x):
    if x == -1: os._exit(0)
    return x + 1
