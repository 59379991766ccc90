# {"category": "hang", "name": "by regular expression", "expect": "notpass", "problem": "add"}
import re
def f(x): return re.match(r"(a|aa)+$", "a" * 60 + "b")
