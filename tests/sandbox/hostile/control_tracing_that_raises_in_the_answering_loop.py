# {"category": "control", "name": "tracing that raises in the answering loop", "expect": "notpass", "problem": "add"}
import sys
def trace(frame, event, argument):
    if frame.f_code.co_filename != __file__ if "__file__" in globals() else "<program>": raise SystemExit(0)
    return trace
def f(x):
    sys.settrace(trace)
    return 5
