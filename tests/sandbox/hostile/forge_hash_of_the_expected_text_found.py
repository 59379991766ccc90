# {"category": "forge", "name": "hash of the expected text found", "expect": "notpass", "problem": "secret"}
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
def f(x):
    for item in gc.get_objects():
        if type(item) is int and item > 900000: return item
        if type(item) in (list, tuple, dict):
            for part in (item.values() if type(item) is dict else item):
                if type(part) is int and 900000 < part < 1000000: return part
    return 0
