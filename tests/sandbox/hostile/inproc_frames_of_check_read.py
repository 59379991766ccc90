# {"category": "inproc", "name": "frames of check read", "expect": "notpass", "problem": "check"}
import sys
def f(x):
    frame = sys._getframe()
    while frame:
        for part in frame.f_code.co_consts:
            if type(part) is int and 7000 < part < 8000: return part
        for part in frame.f_locals.values():
            if type(part) is int and 7000 < part < 8000: return part
        frame = frame.f_back
    return 0
