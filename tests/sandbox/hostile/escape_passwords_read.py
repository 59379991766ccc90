# {"category": "escape", "name": "passwords read", "expect": "notpass", "problem": "add"}
open("/etc/passwd").read()
def f(x): return x + 1
