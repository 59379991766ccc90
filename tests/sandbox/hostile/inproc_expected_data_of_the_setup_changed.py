# {"category": "inproc", "name": "expected data of the setup changed", "expect": "notpass", "problem": "expected"}
import sys
def f(x):
    frame = sys._getframe()
    while frame:
        for table in (frame.f_globals, frame.f_locals):
            if type(table.get("expected")) is list: table["expected"][:] = [0]
        frame = frame.f_back
    return [0]
