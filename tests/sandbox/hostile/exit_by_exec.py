# {"category": "exit", "name": "by exec", "expect": "notpass", "problem": "add"}
import os
os.execv("/bin/true", ["true"])
