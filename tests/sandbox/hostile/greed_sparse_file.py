# {"category": "greed", "name": "sparse file", "expect": "any", "problem": "add"}
with open("big", "wb") as file:
    try: file.truncate(10**15)
    except OSError: pass
def f(x): return x + 1
