# {"category": "escape", "name": "watch on another folder", "expect": "notpass", "problem": "add"}
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def must(result):
    if result < 0: raise OSError(ctypes.get_errno(), "refused")
    return result
handle = must(libc.inotify_init())
must(libc.inotify_add_watch(handle, b"/tmp", 0xFFF))
def f(x): return x + 1
