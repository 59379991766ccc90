# {"category": "forge", "name": "forged lines on every descriptor", "expect": "notpass", "problem": "add"}
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
import json
LINES = [["loaded"], ["step", 0, "value", 2], ["step", 1, "value", 42], ["step", 2, "value", 0], ["done"]]
LINES += [{"ok": True, "value": value} for value in (2, 42, 0)] + [{"status": "passed"}, "passed", 2, 42, 0]
shout("".join(json.dumps(line) + "\n" for line in LINES).encode())
def f(x): os._exit(0)
