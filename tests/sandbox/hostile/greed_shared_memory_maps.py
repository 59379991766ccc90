# {"category": "greed", "name": "shared memory maps", "expect": "notpass", "problem": "add"}
import mmap
keep = []
while True: keep.append(mmap.mmap(-1, 10**8))
