# {"problem": "add", "expect": "notpass"}
# SPEAK
write(b'["loaded"]\nx["' + b'E' * 250_000 + b'", "", 1]')
os._exit(0)
