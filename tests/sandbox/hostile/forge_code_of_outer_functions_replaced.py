# {"category": "forge", "name": "code of outer functions replaced", "expect": "notpass", "problem": "add"}
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
def answer(*args, **words): return 2
def f(x):
    for frame in list(outer_frames())[1:]:
        for value in list(frame.f_globals.values()):
            if type(value) is type(answer):
                try: value.__code__ = answer.__code__
                except (ValueError, AttributeError): pass
    return 5
