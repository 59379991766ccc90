# {"category": "greed", "name": "output", "expect": "notpass", "problem": "add"}
while True: print("x" * 10000)
