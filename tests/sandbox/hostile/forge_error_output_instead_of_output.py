# {"category": "forge", "name": "error output instead of output", "expect": "notpass", "problem": "script"}
import sys
print(2 * int(input()), file=sys.stderr)
