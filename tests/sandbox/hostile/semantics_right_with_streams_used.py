# {"category": "semantics", "name": "right with streams used", "expect": "pass", "problem": "add"}
import io, sys
sys.stdout.reconfigure(line_buffering=True)
sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
def f(x): return x + 1
