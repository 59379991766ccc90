# {"problem": "nothing", "expect": "notpass"}
# SPEAK
load([[4, ['L', 'program', ['list'], ['__len__', '__iter__']]]])
serve(lambda q: {'value': {'shared': [6, [1, 2], 4]} if q['do'] == 'call' else 0})
