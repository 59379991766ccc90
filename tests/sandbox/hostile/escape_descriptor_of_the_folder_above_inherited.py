# {"category": "escape", "name": "descriptor of the folder above inherited", "expect": "notpass", "problem": "add"}
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
import stat
found = [handle for handle in open_handles() if stat.S_ISDIR(os.fstat(handle).st_mode)]
if not found: raise OSError
os.listdir(found[0])
def f(x): return x + 1
