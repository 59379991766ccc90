# {"category": "server", "name": "folder names of every kind", "expect": "any", "problem": "add"}
import os
for name in (b"\xff\xfe", b"-rf", b" ", b"\n", b"..x", b"x" * 255, "\u202e".encode()):
    os.mkdir(name)
    os.symlink(b"/", name + b"l" if len(name) < 200 else b"link")
def f(x): return x + 1
