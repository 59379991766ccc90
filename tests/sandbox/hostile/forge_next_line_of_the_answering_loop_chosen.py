# {"category": "forge", "name": "next line of the answering loop chosen", "expect": "notpass", "problem": "add"}
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
def jump(frame, event, argument):
    if event == "line":
        try: frame.f_lineno += 1
        except ValueError: pass
    return jump
def f(x):
    sys.settrace(jump)
    for frame in list(outer_frames())[1:]: frame.f_trace = jump
    return 5
