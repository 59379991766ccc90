# {"category": "exit", "name": "exception group nested deep", "expect": "notpass", "problem": "add"}
def f(x):
    error = ValueError(0)
    for number in range(5000): error = ExceptionGroup("g", [error])
    raise error
