# {"category": "forge", "name": "expected value guessed from descriptors", "expect": "notpass", "problem": "secret"}
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
import re
def f(x):
    for handle in open_handles():
        try:
            os.set_blocking(handle, False)
            data = os.read(handle, 1 << 20)
        except OSError: continue
        if found := re.search(rb"9\d{5}", data): return int(found[0])
    return 0
