# {"category": "forge", "name": "globals of outer frames replaced", "expect": "notpass", "problem": "add"}
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
for frame in outer_frames():
    if frame.f_globals is not globals():
        for name, value in list(frame.f_globals.items()):
            if callable(value): frame.f_globals[name] = lambda *args, **words: 2
def f(x): return 5
