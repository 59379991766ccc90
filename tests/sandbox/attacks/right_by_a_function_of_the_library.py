# {"problem": "add", "expect": "pass"}
import functools, operator
f = functools.partial(operator.add, 1)
