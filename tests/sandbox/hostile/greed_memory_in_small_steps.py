# {"category": "greed", "name": "memory in small steps", "expect": "notpass", "problem": "add"}
keep = []
while True: keep.append(bytes(10**6))
