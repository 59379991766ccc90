# {"category": "forge", "name": "text with trailing zero byte", "expect": "notpass", "problem": "text"}
def f(x): return "abc\0"
