# {"problem": "add", "expect": "notpass"}
# SPEAK
write(b'["loaded", [[4, []]], []]\nv{"object": [6, 4]}')
os._exit(0)
