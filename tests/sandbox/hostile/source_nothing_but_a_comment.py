# {"category": "source", "name": "nothing but a comment", "expect": "notpass", "problem": "add"}
# return x + 1
