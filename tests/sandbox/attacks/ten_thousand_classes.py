# {"problem": "add", "expect": "notpass"}
# SPEAK
load([[2 * n, ['C', 'program', [], []]] for n in range(2, 12000)])
serve(lambda question: {'value': {'object': [60000, 4]}})
