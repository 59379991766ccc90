# {"category": "control", "name": "separators of lines in text", "expect": "notpass", "problem": "text"}
def f(x): return "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\0"
