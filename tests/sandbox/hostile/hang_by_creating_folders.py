# {"category": "hang", "name": "by creating folders", "expect": "notpass", "problem": "add"}
import os
while True:
    os.mkdir("d")
    os.chdir("d")
