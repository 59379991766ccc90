# {"category": "semantics", "name": "right with asyncio", "expect": "any", "problem": "add"}
import asyncio
async def work(x): return x + 1
def f(x): return asyncio.run(work(x))
