# {"category": "hang", "name": "by text of an integer", "expect": "notpass", "problem": "add"}
import sys
sys.set_int_max_str_digits(0)
def f(x): return str(7 ** 10**7)
