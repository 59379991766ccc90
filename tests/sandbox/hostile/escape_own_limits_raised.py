# {"category": "escape", "name": "own limits raised", "expect": "notpass", "problem": "add"}
import resource
resource.setrlimit(resource.RLIMIT_CPU, (1000, 1000))
def f(x): return x + 1
