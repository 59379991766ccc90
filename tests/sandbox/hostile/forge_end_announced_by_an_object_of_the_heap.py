# {"category": "forge", "name": "end announced by an object of the heap", "expect": "notpass", "problem": "add"}
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
for item in gc.get_objects():
    if "codekiln" in str(type(item).__module__):
        for name in dir(item):
            if not name.startswith("__") and callable(getattr(item, name)):
                try: getattr(item, name)("done")
                except BaseException: pass
os._exit(0)
