# {"category": "control", "name": "descriptors made non-blocking", "expect": "any", "problem": "add"}
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
for handle in [0, 1, 2, *open_handles()]:
    try: os.set_blocking(handle, False)
    except OSError: pass
def f(x): return x + 1
