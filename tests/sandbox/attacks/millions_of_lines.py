# {"problem": "twice", "expect": "notpass"}
# SPEAK
write(b'["loaded"]' + b'\n' * 200_000)
os._exit(0)
