# {"category": "exit", "name": "by abort", "expect": "notpass", "problem": "add"}
import os
os.abort()
