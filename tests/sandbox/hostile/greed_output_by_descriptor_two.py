# {"category": "greed", "name": "output by descriptor two", "expect": "notpass", "problem": "add"}
import os
while True: os.write(2, b"x" * 65536)
