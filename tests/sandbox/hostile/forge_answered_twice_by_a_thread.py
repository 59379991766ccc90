# {"category": "forge", "name": "answered twice by a thread", "expect": "notpass", "problem": "add"}
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
def echo():
    while True: shout(b'["return", 2]\n["value", 2]\n2\n')
threading.Thread(target=echo, daemon=True).start()
def f(x): return 5
