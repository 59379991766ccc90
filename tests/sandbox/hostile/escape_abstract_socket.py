# {"category": "escape", "name": "abstract socket", "expect": "notpass", "problem": "add"}
import socket
socket.socket(socket.AF_UNIX).bind(b"\0codekiln-test")
def f(x): return x + 1
