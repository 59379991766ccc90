# {"problem": "context_async", "expect": "notpass"}
class Q:
    async def __aenter__(self): return 0
    async def __aexit__(self, *rest): return True
def f(x): return Q()
