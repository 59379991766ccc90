# {"category": "escape", "name": "unix socket by name", "expect": "notpass", "problem": "add"}
import socket
socket.socket(socket.AF_UNIX).bind("s")
def f(x): return x + 1
