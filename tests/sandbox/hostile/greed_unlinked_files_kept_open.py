# {"category": "greed", "name": "unlinked files kept open", "expect": "notpass", "problem": "add"}
import os
keep = []
while True:
    file = open("x", "wb")
    os.unlink("x")
    file.write(bytes(3 * 10**6))
    file.flush()
    keep.append(file)
