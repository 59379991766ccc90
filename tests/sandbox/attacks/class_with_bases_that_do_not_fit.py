# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, ['C', 'program', ['int', 'list'], []]]])
serve(lambda question: {'value': {'object': [6, 4]}})
