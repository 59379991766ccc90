# {"category": "semantics", "name": "right script with system exit", "expect": "pass", "problem": "script"}
import sys
print(2 * int(input()))
sys.exit(0)
