# {"category": "control", "name": "questions stolen from the descriptors", "expect": "notpass", "problem": "add"}
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
import threading
def steal():
    while True:
        for handle in open_handles():
            try:
                os.set_blocking(handle, False)
                os.read(handle, 1 << 16)
            except OSError: pass
threading.Thread(target=steal, daemon=True).start()
import time
time.sleep(0.2)
def f(x): return 5
