# {"category": "semantics", "name": "right script by descriptor", "expect": "pass", "problem": "script"}
import os
os.write(1, b"%d\n" % (2 * int(os.read(0, 100))))
