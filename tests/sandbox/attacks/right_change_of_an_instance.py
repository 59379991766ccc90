# {"problem": "node_kept", "expect": "pass"}
def f(a): a.value += 7000
