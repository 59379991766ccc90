# {"category": "inproc", "name": "callback kept and called later", "expect": "notpass", "problem": "callback"}
kept = []
def f(check):
    kept.append(check)
    for old in kept[:-1]: old(1)
    return 0
