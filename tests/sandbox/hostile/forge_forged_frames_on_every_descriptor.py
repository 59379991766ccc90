# {"category": "forge", "name": "forged frames on every descriptor", "expect": "notpass", "problem": "add"}
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
import json, marshal, pickle, struct
def f(x):
    answers = ([2, 42, 0], {"values": [2, 42, 0]}, ("value", 2), {"reason": "ended", "code": 0, "results": b"", "output": b""})
    for dumps in (marshal.dumps, pickle.dumps, lambda value: repr(value).encode()):
        for answer in answers:
            data = dumps(answer)
            for head in ("=I", ">I", "=Q", ">Q", "=H"):
                shout(struct.pack(head, len(data)) + data)
    os._exit(0)
