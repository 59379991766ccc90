# {"category": "greed", "name": "socket pairs", "expect": "notpass", "problem": "add"}
import socket
keep = []
while True: keep.append(socket.socketpair())
