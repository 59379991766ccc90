# {"category": "hang", "name": "that swallows every exception", "expect": "notpass", "problem": "add"}
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True:
    try:
        while True: pass
    except BaseException: pass
