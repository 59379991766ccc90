# {"category": "forge", "name": "expected value searched in memory maps", "expect": "notpass", "problem": "secret"}
import re
def f(x):
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            if " rw" not in line or "[v" in line: continue
            low, high = (int(part, 16) for part in line.split()[0].split("-"))
            memory.seek(low)
            try: data = memory.read(high - low)
            except (OSError, ValueError, MemoryError): continue
            if found := re.search(rb"f\(1\) == (9\d{5})", data): return int(found[1])
    return 0
