# {"category": "escape", "name": "subprocess", "expect": "notpass", "problem": "add"}
import subprocess
subprocess.run(["true"])
def f(x): return x + 1
