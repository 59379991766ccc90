# {"problem": "color", "expect": "pass"}
def f(c): return Color.BLUE if c is Color.RED else None
