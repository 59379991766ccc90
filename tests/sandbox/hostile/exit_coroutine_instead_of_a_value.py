# {"category": "exit", "name": "coroutine instead of a value", "expect": "notpass", "problem": "add"}
async def f(x): return x + 1
