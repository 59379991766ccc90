# {"problem": "twice", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'value': 2})
