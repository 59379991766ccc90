# {"category": "greed", "name": "descriptors", "expect": "notpass", "problem": "add"}
import os
while True: os.dup(1)
