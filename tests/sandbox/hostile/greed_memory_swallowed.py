# {"category": "greed", "name": "memory swallowed", "expect": "notpass", "problem": "add"}
keep = []
def f(x):
    while True:
        try: keep.append(bytearray(10**6))
        except MemoryError: keep.append(0) if len(keep) < 10**6 else None
