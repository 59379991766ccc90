# {"category": "inproc", "name": "exit within check", "expect": "notpass", "problem": "check"}
import os
def f(x): os._exit(0)
