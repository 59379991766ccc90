# {"category": "forge", "name": "locals of outer frames rewritten", "expect": "notpass", "problem": "add"}
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
        for name, value in list(frame.f_locals.items()):
            if type(value) in (int, bool, type(None)): frame.f_locals[name] = True
            elif type(value) is list: value.clear()
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    return 5
