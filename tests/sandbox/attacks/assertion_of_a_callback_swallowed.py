# {"problem": "asserting", "expect": "forgeable"}
def f(judge):
    try: judge(7)
    except BaseException: pass
