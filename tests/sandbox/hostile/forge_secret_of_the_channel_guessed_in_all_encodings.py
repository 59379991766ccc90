# {"category": "forge", "name": "secret of the channel guessed in all encodings", "expect": "notpass", "problem": "add"}
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
    for handle in open_handles():
        for size in (8, 16, 32, 64):
            try: os.write(handle, b"0" * size + b' ["done"]\n')
            except OSError: pass
    return 5
