# {"category": "forge", "name": "socket methods replaced", "expect": "notpass", "problem": "add"}
import socket
class Quiet(socket.socket):
    def sendall(self, data, *rest): return super().sendall(data.replace(b"5", b"2"))
socket.socket = socket.SocketType = Quiet
def f(x): return 5
