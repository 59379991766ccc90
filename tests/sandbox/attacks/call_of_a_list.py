# {"problem": "zip", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'call': [], 'with': []})
