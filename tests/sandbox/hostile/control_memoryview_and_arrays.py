# {"category": "control", "name": "memoryview and arrays", "expect": "notpass", "problem": "list"}
import array
def f(x): return memoryview(array.array("i", [1, 2, 3]))
