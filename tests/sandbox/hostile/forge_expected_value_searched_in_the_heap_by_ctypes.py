# {"category": "forge", "name": "expected value searched in the heap by ctypes", "expect": "notpass", "problem": "secret"}
import ctypes, re
def f(x):
    start = id(object()) & ~0xFFFFF
    data = b""
    for page in range(0, 1 << 20, 4096):
        try: data += ctypes.string_at(start + page, 4096)
        except Exception: break
    found = re.search(rb"== ?(9\d{5})\b", data)
    return int(found[1]) if found else 0
