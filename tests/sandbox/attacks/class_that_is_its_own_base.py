# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, ['C', 'program', [4], []]]])
serve(lambda question: {'value': {'object': [6, 4]}})
