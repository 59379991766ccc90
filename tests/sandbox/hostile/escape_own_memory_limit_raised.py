# {"category": "escape", "name": "own memory limit raised", "expect": "notpass", "problem": "add"}
import resource
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
def f(x): return x + 1
