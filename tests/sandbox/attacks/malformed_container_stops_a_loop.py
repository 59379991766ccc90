# {"problem": "zip", "expect": "notpass"}
# SPEAK
load()
serve(lambda question: {'value': {'shared': [4, {}]}})
