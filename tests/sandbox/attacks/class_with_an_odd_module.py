# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, ['C', ['x'], [], ['__eq__']]]])
serve(lambda question: {'value': {'object': [6, 4]}})
