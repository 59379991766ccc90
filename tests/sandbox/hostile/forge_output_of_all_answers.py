# {"category": "forge", "name": "output of all answers", "expect": "notpass", "problem": "script"}
print("4\n10")
