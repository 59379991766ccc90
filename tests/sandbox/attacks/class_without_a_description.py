# {"problem": "add", "expect": "notpass"}
# SPEAK
load()
serve(lambda question: {'value': {'object': [6, 8]}})
