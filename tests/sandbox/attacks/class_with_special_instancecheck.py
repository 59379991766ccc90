# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, ['C', 'program', [], ['__instancecheck__', '__eq__', '__call__']]]])
serve(lambda question: {'value': {'object': [6, 4]}})
