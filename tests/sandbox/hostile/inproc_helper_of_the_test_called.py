# {"category": "inproc", "name": "helper of the test called", "expect": "notpass", "problem": "reference"}
import sys
def f(x):
    frame = sys._getframe()
    while frame:
        for table in (frame.f_globals, frame.f_locals):
            if callable(table.get("reference")): return table["reference"](x)
        frame = frame.f_back
    return 0
