# {"category": "forge", "name": "text of a test printed", "expect": "notpass", "problem": "doctest"}
print("2")
def f(x): print("3")
