# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[4, ['C', 'program', ['int'], ['__call__', '__setattr__', '__eq__']]]])
serve(lambda q: {'value': {'exception': [6, 4, [2], '']}} if q['do'] == 'call' else {'value': {'dict': []}})
