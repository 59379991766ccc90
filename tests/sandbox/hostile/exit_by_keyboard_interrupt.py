# {"category": "exit", "name": "by keyboard interrupt", "expect": "notpass", "problem": "add"}
def f(x): raise KeyboardInterrupt
