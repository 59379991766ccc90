# {"category": "forge", "name": "answers swapped by a patched encoder class", "expect": "notpass", "problem": "add"}
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
    if isinstance(item, type) and item.__module__ not in ("builtins",) and any(
        word in item.__name__.lower() for word in ("encod", "channel", "message", "answer", "frame", "writer", "proxy")
    ):
        for name in list(vars(item)):
            if callable(getattr(item, name)) and not name.startswith("__"):
                try: setattr(item, name, lambda *args, **words: 2)
                except (AttributeError, TypeError): pass
def f(x): return 5
