# {"category": "forge", "name": "every sender called from the program", "expect": "notpass", "problem": "add"}
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
WORDS = ("send", "reply", "respond", "answer", "emit", "put", "report", "write_frame", "finish")
MESSAGES = [("loaded",), *(("step", i, "value", v) for i, v in enumerate((2, 42, 0))), ("done",), (2,), (42,), (0,)]
def senders():
    for item in gc.get_objects():
        if type(item).__module__ in ("builtins", "re", "abc", "typing", "queue"): continue
        for word in WORDS:
            try: method = getattr(item, word, None)
            except Exception: continue
            if callable(method): yield method
for sender in list(senders()):
    for message in MESSAGES:
        try: sender(*message)
        except BaseException: pass
os._exit(0)
