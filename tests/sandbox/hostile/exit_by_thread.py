# {"category": "exit", "name": "by thread", "expect": "notpass", "problem": "add"}
import os, threading, time
threading.Thread(target=os._exit, args=(0,)).start()
time.sleep(1)
