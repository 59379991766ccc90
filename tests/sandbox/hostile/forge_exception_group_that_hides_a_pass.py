# {"category": "forge", "name": "exception group that hides a pass", "expect": "notpass", "problem": "add"}
def f(x): raise BaseExceptionGroup("passed", [SystemExit(0), GeneratorExit(), KeyboardInterrupt()])
