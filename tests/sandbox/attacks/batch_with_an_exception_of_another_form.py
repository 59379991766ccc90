# {"problem": "add", "expect": "notpass"}
# SPEAK
write(b'["loaded"]\nx{"a": 1}')
os._exit(0)
