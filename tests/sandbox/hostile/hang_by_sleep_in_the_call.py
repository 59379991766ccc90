# {"category": "hang", "name": "by sleep in the call", "expect": "notpass", "problem": "add"}
import time
def f(x): time.sleep(1000)
