# {"category": "forge", "name": "chain map and mapping proxy", "expect": "notpass", "problem": "dict"}
import types
from collections import ChainMap
def f(x): return types.MappingProxyType(ChainMap({"a": 1}))
