# {"category": "greed", "name": "large file", "expect": "notpass", "problem": "add"}
with open("big", "wb") as file:
    while True: file.write(bytes(10**6))
