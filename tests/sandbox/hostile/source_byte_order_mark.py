# {"category": "source", "name": "byte order mark", "expect": "pass", "problem": "add"}
﻿def f(x): return x + 1
