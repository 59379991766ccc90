# {"problem": "cases", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'value': {'same': q['with'][1]['shared'][0] + 2}} if 'shared' in q['with'][1] else {'value': 1})
