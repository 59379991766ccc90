# {"category": "exit", "name": "main thread while another answers", "expect": "notpass", "problem": "add"}
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
import ctypes, threading, time
def late():
    time.sleep(0.2)
    shout(b'["done"]\n')
    os._exit(0)
threading.Thread(target=late).start()
def f(x): ctypes.CDLL(None).pthread_exit(None)
