# {"category": "source", "name": "coding cookie of another encoding", "expect": "any", "problem": "add"}
# -*- coding: utf-7 -*-
def f(x): return x + 1
