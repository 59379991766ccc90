# {"category": "next", "name": "decimal context changed", "expect": "any", "problem": "add"}
import decimal, locale, sys
decimal.getcontext().prec = 1
sys.setrecursionlimit(100)
sys.set_int_max_str_digits(640)
def f(x): return x + 1
