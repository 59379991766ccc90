# {"problem": "add", "expect": "notpass"}
# SPEAK
write(b'["loaded", [], [{}]]\nv2')
os._exit(0)
