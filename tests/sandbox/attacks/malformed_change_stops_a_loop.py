# {"problem": "zip_lists", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'changes': [[q['with'][1]['shared'][0], {}]], 'value': 1})
