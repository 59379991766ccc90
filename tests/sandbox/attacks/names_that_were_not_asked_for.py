# {"problem": "add", "expect": "notpass"}
# SPEAK
send({'loaded': [['f', 2], ['assert', 1]]})
