# {"category": "control", "name": "answer while a question waits", "expect": "notpass", "problem": "add"}
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
import threading, time
def late():
    time.sleep(0.1)
    for _ in range(100): shout(b"\x00\x01\x02{[\xff\n")
threading.Thread(target=late, daemon=True).start()
def f(x):
    time.sleep(0.3)
    return 5
