# {"category": "inproc", "name": "callback closure read", "expect": "notpass", "problem": "callback"}
def f(check):
    for name in ("__closure__", "__defaults__", "__kwdefaults__", "__globals__", "__self__", "__func__", "__wrapped__"):
        try: value = getattr(check, name)
        except Exception: continue
        text = repr(value) + repr([getattr(cell, "cell_contents", None) for cell in value or ()] if name == "__closure__" else "")
        import re
        if found := re.search(r"\b31\d{5}\b", text): return int(found[0])
    return 0
