# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, ['C', 'program', ['int'], ['__eq__']]]])
serve(lambda q: {'value': {'value': [6, 4, 2.0]}})
