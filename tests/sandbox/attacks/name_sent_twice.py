# {"problem": "add", "expect": "notpass"}
# SPEAK
send({'loaded': [['f', 2], ['f', 2]], 'classes': []})
serve(lambda q: {})
