# {"category": "escape", "name": "virtual machine socket", "expect": "notpass", "problem": "add"}
import socket
socket.socket(40)
def f(x): return x + 1
