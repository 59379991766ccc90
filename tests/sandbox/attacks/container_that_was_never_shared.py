# {"problem": "add", "expect": "notpass"}
# SPEAK
load()
serve(lambda question: {'value': {'same': 1}})
