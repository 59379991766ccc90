# {"category": "forge", "name": "answers forwarded from an earlier call", "expect": "notpass", "problem": "add"}
answers = iter((2, 42))
def f(x): return next(answers)
