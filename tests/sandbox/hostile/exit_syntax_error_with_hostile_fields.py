# {"category": "exit", "name": "syntax error with hostile fields", "expect": "notpass", "problem": "add"}
def f(x):
    error = SyntaxError("x")
    error.lineno, error.msg, error.text = "passed", [5], object()
    raise error
