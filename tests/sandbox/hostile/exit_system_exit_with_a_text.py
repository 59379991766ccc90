# {"category": "exit", "name": "system exit with a text", "expect": "notpass", "problem": "add"}
import sys
sys.exit("passed")
