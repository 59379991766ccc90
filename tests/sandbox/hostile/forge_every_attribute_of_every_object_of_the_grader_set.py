# {"category": "forge", "name": "every attribute of every object of the grader set", "expect": "notpass", "problem": "add"}
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
    for item in gc.get_objects():
        if "codekiln" in str(getattr(type(item), "__module__", "")):
            for name in list(getattr(item, "__dict__", ())):
                for value in (True, 0, 2, b"", ""):
                    try: setattr(item, name, value)
                    except Exception: pass
    return 5
