# {"category": "control", "name": "generator that exits", "expect": "notpass", "problem": "listed"}
import os
def f(x):
    yield 0
    os._exit(0)
