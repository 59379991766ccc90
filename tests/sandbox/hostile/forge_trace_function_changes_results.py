# {"category": "forge", "name": "trace function changes results", "expect": "notpass", "problem": "add"}
import sys
def trace(frame, event, argument):
    if event == "return" and "value" in frame.f_locals: frame.f_locals["value"] = 2
    return trace
sys.settrace(trace)
sys.setprofile(trace)
def f(x): return 5
