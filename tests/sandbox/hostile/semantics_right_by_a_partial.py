# {"category": "semantics", "name": "right by a partial", "expect": "pass", "problem": "add"}
import functools, operator
f = functools.partial(operator.add, 1)
