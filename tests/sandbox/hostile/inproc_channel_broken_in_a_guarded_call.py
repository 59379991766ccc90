# {"category": "inproc", "name": "channel broken in a guarded call", "expect": "notpass", "problem": "guarded"}
import os
def f(x): os.closerange(3, 256)
