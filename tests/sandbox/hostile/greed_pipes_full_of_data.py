# {"category": "greed", "name": "pipes full of data", "expect": "notpass", "problem": "add"}
import os
keep = []
while True:
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True: os.write(into, bytes(65536))
    except BlockingIOError: keep.append(out)
