# {"problem": "ordered", "expect": "pass"}
from collections import OrderedDict
def f(d):
    d.move_to_end('a')
    return d
