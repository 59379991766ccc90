# {"category": "inproc", "name": "callback used to reach its process", "expect": "notpass", "problem": "callback"}
def f(check):
    try:
        scope = check.__globals__
        scope["f"] = lambda check: scope
        scope["__builtins__"]["__import__"]("os")._exit(0)
    except Exception: pass
    return 0
