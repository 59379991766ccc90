# {"problem": "add", "expect": "notpass"}
# SPEAK
load()
serve(lambda question: {'value': {'yours': 1}})
