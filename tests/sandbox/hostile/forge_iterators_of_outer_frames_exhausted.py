# {"category": "forge", "name": "iterators of outer frames exhausted", "expect": "notpass", "problem": "add"}
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
        if type(item) in (type(iter([])), type(iter(())), type(enumerate([])), type(iter(range(1)))):
            try:
                for _ in range(1000): next(item)
            except BaseException: pass
    return 5
