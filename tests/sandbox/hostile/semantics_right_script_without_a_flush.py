# {"category": "semantics", "name": "right script without a flush", "expect": "pass", "problem": "script"}
import sys
sys.stdout.write(str(2 * int(sys.stdin.readline())))
