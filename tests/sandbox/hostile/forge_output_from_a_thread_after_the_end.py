# {"category": "forge", "name": "output from a thread after the end", "expect": "notpass", "problem": "script"}
import threading, time, os
def late():
    time.sleep(0.3)
    os.write(1, b"nothing")
threading.Thread(target=late).start()
