# {"category": "forge", "name": "answers in order by an object of an outer frame", "expect": "notpass", "problem": "add"}
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
for frame in outer_frames():
    for item in list(frame.f_locals.values()):
        if callable(getattr(item, "send", None)) and not hasattr(item, "gi_frame"):
            item.send("loaded")
            for index in range(3): item.send("step", index, "value", True)
            item.send("done")
            os._exit(0)
os._exit(0)
