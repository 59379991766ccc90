# {"problem": "listed", "expect": "notpass"}
# SPEAK
load(tree={'library': ['builtins', 'range']})
serve(lambda q: {'value': 0})
