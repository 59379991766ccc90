# {"category": "escape", "name": "host name", "expect": "notpass", "problem": "add"}
import socket
socket.sethostname("changed")
def f(x): return x + 1
