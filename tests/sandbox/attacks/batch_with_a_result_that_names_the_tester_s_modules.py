# {"problem": "add", "expect": "notpass"}
# SPEAK
write(b'["loaded"]\nv{"library": ["pathlib", "os.environ"]}')
os._exit(0)
