# {"category": "exit", "name": "by excepthook", "expect": "notpass", "problem": "add"}
import os, sys, threading
sys.excepthook = threading.excepthook = sys.unraisablehook = lambda *args: os._exit(0)
raise ValueError
