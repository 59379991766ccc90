# {"category": "control", "name": "text like a message", "expect": "notpass", "problem": "text"}
def f(x): return '["done"]\n{"opaque": "x"}\n{"int": "0x2"}'
