# {"problem": "add", "expect": "notpass"}
# SPEAK
load()
serve(lambda question: {'value': {'value': {'value': 2}}})
