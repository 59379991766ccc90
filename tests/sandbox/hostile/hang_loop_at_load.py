# {"category": "hang", "name": "loop at load", "expect": "notpass", "problem": "add"}
while True: pass
