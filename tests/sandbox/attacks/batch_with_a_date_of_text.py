# {"problem": "add", "expect": "notpass"}
# SPEAK
write(b'["loaded"]\nv{"date": ["\\u0007\\u00e4\\u0001\\u00ff"]}')
os._exit(0)
