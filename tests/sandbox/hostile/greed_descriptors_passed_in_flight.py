# {"category": "greed", "name": "descriptors passed in flight", "expect": "notpass", "problem": "add"}
import array, socket
keep = []
while True:
    one, other = socket.socketpair()
    one.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [other.fileno()] * 200))])
    keep.append(other.detach())
    one.close()
