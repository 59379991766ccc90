# {"problem": "cases", "expect": "notpass"}
# SPEAK
load()
serve(lambda q: {'changes': [[n, [7001]] for n in range(1, 99, 2)], 'value': [7001]})
