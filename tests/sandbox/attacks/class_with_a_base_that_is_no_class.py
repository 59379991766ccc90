# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, ['C', 'program', ['print'], []]]])
serve(lambda question: {'value': {'object': [6, 4]}})
