# {"problem": "add", "expect": "notpass"}
# SPEAK
write(b'["loaded"]\nx["ValueError", "", 1e999]')
os._exit(0)
