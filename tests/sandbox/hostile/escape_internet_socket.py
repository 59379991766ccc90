# {"category": "escape", "name": "internet socket", "expect": "notpass", "problem": "add"}
import socket
socket.socket(socket.AF_INET)
def f(x): return x + 1
