# {"category": "forge", "name": "functions of outer frames called with answers", "expect": "notpass", "problem": "add"}
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
    for frame in list(outer_frames())[1:]:
        for name, value in list(frame.f_globals.items()):
            if callable(value) and any(word in name.lower() for word in ("send", "write", "reply", "answer", "frame", "report")):
                for arguments in ((["done"],), (3, b"passed"), (4, b'["done"]\n'), ("done",)):
                    try: value(*arguments)
                    except BaseException: pass
    os._exit(0)
