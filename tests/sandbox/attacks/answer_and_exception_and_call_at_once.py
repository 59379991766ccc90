# {"problem": "add", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'value': 2, 'raised': [], 'call': 1})
