# {"category": "greed", "name": "many files", "expect": "notpass", "problem": "add"}
number = 0
while True:
    open(str(number), "w").close()
    number += 1
