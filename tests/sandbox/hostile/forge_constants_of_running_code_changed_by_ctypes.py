# {"category": "forge", "name": "constants of running code changed by ctypes", "expect": "notpass", "problem": "add"}
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
import ctypes
def f(x):
    for frame in list(outer_frames())[1:]:
        for part in frame.f_code.co_consts:
            if type(part) is int and part > 256: ctypes.c_long.from_address(id(part) + 24).value = 5
    return 5
