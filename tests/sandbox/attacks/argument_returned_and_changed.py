# {"problem": "cases", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'changes': [[q['with'][1]['shared'][0], [0]]], 'value': {'same': q['with'][1]['shared'][0]}})
