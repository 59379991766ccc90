# {"category": "control", "name": "lone surrogates", "expect": "notpass", "problem": "text"}
def f(x): return "abc\ud800\udfff"
