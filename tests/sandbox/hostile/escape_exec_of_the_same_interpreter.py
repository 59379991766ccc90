# {"category": "escape", "name": "exec of the same interpreter", "expect": "notpass", "problem": "add"}
import os, sys
os.execv(sys.executable, [sys.executable, "-c", "pass"])
