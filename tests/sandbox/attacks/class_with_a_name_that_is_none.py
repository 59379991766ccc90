# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, [['C'], {}, [], []]]])
serve(lambda question: {'value': {'object': [6, 4]}})
