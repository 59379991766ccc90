# {"category": "control", "name": "result named with line breaks", "expect": "notpass", "problem": "add"}
def f(x): return type('x"]\n["done"]\n', (), {})()
