# {"category": "escape", "name": "exec of a descriptor", "expect": "notpass", "problem": "add"}
import os
handle = os.open("/proc/self/exe", os.O_RDONLY)
os.execve(handle, ["x"], {})
