# {"category": "forge", "name": "one more answer than asked for", "expect": "notpass", "problem": "add"}
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
import json
def f(x):
    if x == -1:
        for frame in outer_frames():
            for item in list(frame.f_locals.values()):
                if callable(getattr(item, "send", None)): item.send("step", 2, "value", 0)
    return x + 1 if x > 0 else 9
