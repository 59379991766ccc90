# {"category": "forge", "name": "expected value searched in code", "expect": "notpass", "problem": "secret"}
import gc, os, sys
def outer_frames():
    frame = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back
def open_handles():
    for handle in range(3, 256):
        try: os.fstat(handle)
        except OSError: continue
        yield handle
def shout(data):
    for handle in open_handles():
        try:
            os.set_blocking(handle, False)
            os.write(handle, data)
        except OSError: pass
def consts(code):
    for part in code.co_consts:
        yield part
        if hasattr(part, "co_consts"): yield from consts(part)
def f(x):
    for frame in outer_frames():
        for part in consts(frame.f_code):
            if type(part) is int and 900000 < part < 1000000: return part
    for item in gc.get_objects():
        code = getattr(item, "__code__", None)
        if hasattr(code, "co_consts"):
            for part in consts(code):
                if type(part) is int and 900000 < part < 1000000: return part
    return 0
