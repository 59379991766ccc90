# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, ['\ud800', 'program', [], []]]])
serve(lambda question: {'value': {'object': [6, 4]}})
