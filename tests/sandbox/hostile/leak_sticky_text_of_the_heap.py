# {"category": "leak", "name": "sticky text of the heap", "expect": "notpass", "problem": "add"}
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
mark = "left-by-" + "another-program"
if not any(mark in item for item in gc.get_objects() if type(item) is str and item is not mark): raise OSError
def f(x): return x + 1
