# {"category": "forge", "name": "test names bound in the program", "expect": "notpass", "problem": "add"}
check = candidate = solution = entry_point = lambda *args: True
passed = tests_run = tests_passed = 3
def f(x): return 5
