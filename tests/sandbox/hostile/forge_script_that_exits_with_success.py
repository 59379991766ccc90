# {"category": "forge", "name": "script that exits with success", "expect": "notpass", "problem": "script"}
import os
os._exit(0)
