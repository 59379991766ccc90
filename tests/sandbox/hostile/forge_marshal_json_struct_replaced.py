# {"category": "forge", "name": "marshal json struct replaced", "expect": "notpass", "problem": "add"}
import json, marshal, pickle, struct, sys
def always(*args, **words): return b"\x02\x00\x00\x00"
for module in (json, marshal, pickle, struct):
    for name in ("dumps", "loads", "dump", "load", "pack", "unpack", "JSONEncoder"):
        if hasattr(module, name): setattr(module, name, always)
def f(x): return 5
