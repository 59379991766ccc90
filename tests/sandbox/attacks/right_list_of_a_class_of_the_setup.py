# {"problem": "bag", "expect": "pass"}
def f(b):
    b.append(3)
    b.tag += 1
